import agents from './agents.json';
import calls from './calls.json';
import common from './common.json';
import home from './home.json';
import instructions from './instructions.json';
import providers from './providers.json';
import realtime from './realtime.json';
import session from './session.json';
import settings from './settings.json';
import shell from './shell.json';
import signin from './signin.json';

export default { common, agents, calls, home, instructions, providers, realtime, session, settings, shell, signin };
