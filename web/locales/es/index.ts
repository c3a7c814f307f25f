import agents from './agents.json';
import calls from './calls.json';
import common from './common.json';
import realtime from './realtime.json';
import session from './session.json';

export default { common, agents, calls, realtime, session };
