// Starts the console.
import { render } from 'preact';
import { App } from './app.tsx';
import { beginSession } from './link/session.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/hues.css';
import './states/states.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
void beginSession();
