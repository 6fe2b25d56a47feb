// Which page is shown: sign-in while there is no session, otherwise the page the address names.
import type { VNode } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import lazy, { ErrorBoundary } from 'preact-iso/lazy';
import { LocationProvider, Route, Router } from 'preact-iso/router';
import { session } from './link/session.ts';
import { ReviewPage } from './review/review-page.tsx';
import { Shell } from './shell/shell.tsx';
import { SignInPage } from './sign-in/sign-in-page.tsx';
import { Empty } from './states/empty.tsx';
import { Failed } from './states/failed.tsx';
import { WallPage } from './wall/wall-page.tsx';

const CameraPage = lazyPage(async () => (await import('./camera/camera-page.tsx')).CameraPage);
const CameraSettingsPage = lazyPage(
  async () => (await import('./settings/camera-settings-page.tsx')).CameraSettingsPage,
);
const RulesPage = lazyPage(async () => (await import('./rules/rules-page.tsx')).RulesPage);
const DestinationsPage = lazyPage(async () => (await import('./rules/destinations-page.tsx')).DestinationsPage);
const AddPage = lazyPage(async () => (await import('./add/add-page.tsx')).AddPage);

/** A page that is loaded when it is first opened. */
function lazyPage(load: () => Promise<() => VNode>) {
  return lazy(async () => {
    // Not `import(…).then(…, …)`: Vite loads the page's style sheet around that expression, and its failure would get past.
    try {
      return await load();
    } catch {
      return PageUnloaded;
    }
  });
}

export function App() {
  const state = session.value;
  switch (state.at) {
    case 'checking':
      return null;
    case 'unreachable':
      return <AgentSilent />;
    case 'out':
      return <SignInPage ended={state.ended} />;
    case 'in':
      return (
        <LocationProvider>
          <Shell>
            <Pages />
          </Shell>
        </LocationProvider>
      );
  }
}

function Pages() {
  const [crash, forget] = useErrorBoundary();
  if (crash) {
    const problem = { code: 'bug', message: crash instanceof Error ? crash.message : String(crash) };
    return <Failed what="This page broke" problem={problem} onRetry={forget} />;
  }
  return (
    <ErrorBoundary>
      <Router>
        <Route path="/" component={WallPage} />
        <Route path="/camera/:id" component={CameraPage} />
        <Route path="/camera/:id/settings" component={CameraSettingsPage} />
        <Route path="/add" component={AddPage} />
        <Route path="/review" component={ReviewPage} />
        <Route path="/rules" component={RulesPage} />
        <Route path="/destinations" component={DestinationsPage} />
        <Route default component={NoSuchPage} />
      </Router>
    </ErrorBoundary>
  );
}

/** Shown in place of a page whose code did not come: most likely the agent was updated since this tab was opened. */
function PageUnloaded() {
  const problem = { code: 'page-unloaded', message: 'The agent did not send the code of this page.' };
  return <Failed what="This page could not be loaded" problem={problem} onRetry={() => location.reload()} />;
}

function AgentSilent() {
  const problem = { code: 'agent-unreachable', message: 'The agent does not answer.' };
  return <Failed what="The console cannot reach its agent" problem={problem} />;
}

function NoSuchPage() {
  return (
    <Empty title="There is no such page">
      <p>
        <a href="/">Go to the cameras</a>
      </p>
    </Empty>
  );
}
