import { createExecutor } from '../src/runtime/node/index.ts';
import { createExecutor as createWebExecutor } from '../src/runtime/web/index.ts';
import { executorContract } from './executor.contract.ts';

executorContract('capi', () => createExecutor({ driver: 'capi', threads: 2 }));
executorContract('binding', () => createExecutor({ driver: 'binding', threads: 2 }));
executorContract('web', () => createWebExecutor({ threads: 1 }));
