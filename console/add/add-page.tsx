// Add cameras: find them, sign in, see them checked, name them. Four steps on one page; nothing is written before the end.
import { useComputed } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { usePageTitle } from '../shell/page-title.ts';
import { countWords } from '../words/ages.ts';
import { AddFlow, STEPS, type StepName } from './add-flow.ts';
import { CheckStep } from './check-step.tsx';
import { FindStep } from './find-step.tsx';
import { NameStep } from './name-step.tsx';
import { SignInStep } from './sign-in-step.tsx';
import { Step } from './step.tsx';
import './add.css';

export function AddPage() {
  usePageTitle('Add cameras');
  const flow = useMemo(() => new AddFlow(), []);
  const { query } = useLocation();
  useEffect(() => {
    // Whoever names an address has not asked for the network to be searched.
    if (query.by !== 'address') void flow.search.run({});
    return () => flow[Symbol.dispose]();
  }, []);
  const at = STEPS.indexOf(flow.step.value);
  const place = (name: StepName) => {
    const index = STEPS.indexOf(name);
    return index < at ? 'done' : index === at ? 'open' : 'ahead';
  };
  const isOver = useComputed(() => flow.adding.value !== 'no');
  const back = (name: StepName) => {
    if (isOver.value) return undefined;
    return () => {
      flow.step.value = name;
    };
  };
  const chosen = countWords(flow.drafts.value.length, 'camera');
  return (
    <div class="add">
      <h1>Add cameras</h1>
      <Step
        number={1}
        name="Find"
        at={place('find')}
        summary={`${chosen} chosen: ${flow.drafts.value.map(({ candidate }) => candidate.title).join(', ')}`}
        onChange={back('find')}
      >
        <FindStep flow={flow} />
      </Step>
      <Step
        number={2}
        name="Sign in"
        at={place('sign-in')}
        summary={at < 1 ? 'User and password of the cameras' : `${chosen} signed in to`}
        onChange={back('sign-in')}
      >
        <SignInStep flow={flow} />
      </Step>
      <Step
        number={3}
        name="Check"
        at={place('check')}
        summary={at < 2 ? 'What they send, and what to change before it is relied on' : `${chosen} checked`}
        onChange={back('check')}
      >
        <CheckStep flow={flow} />
      </Step>
      <Step number={4} name="Name" at={place('name')} summary="What they are called here. Nothing is written before.">
        <NameStep flow={flow} />
      </Step>
    </div>
  );
}
