// Loaded into the process of a trial before anything else (node --import): it ends when the process that began it is gone, however that went. The
// other end of descriptor 3 is held by the sweep; when it closes without a word, nobody is there any more.
import { Socket } from 'node:net';

const graceMs = 30_000;

const line = new Socket({ fd: 3, readable: true, writable: false });
line
  .on('error', () => {})
  .on('close', () => {
    process.kill(process.pid, 'SIGTERM'); // a training keeps a checkpoint
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), graceMs).unref();
  });
line.resume();
line.unref();
