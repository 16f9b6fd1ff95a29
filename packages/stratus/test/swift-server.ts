// A real server of S3 on the loopback: OpenStack Swift with its S3 API, of Debian's packages, in a folder of its own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { root } from './cli-process.ts';

/** The folder under which the packages swift-proxy, -account, -container and -object lie: '/', or where they were unpacked; undefined where there are none. */
export const swiftFolder = [process.env['STRATUS_SWIFT'], join(root, '.swift'), '/'].find(
  (folder) => folder !== undefined && existsSync(join(folder, 'usr/bin/swift-proxy-server')),
);

process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'; // of the clients that tests make for themselves

const python = '/usr/bin/python3'; // Debian's, for which the packages are built

export interface SwiftServer {
  readonly port: number;
  readonly accessKey: string;
  readonly secretKey: string;
  makeBucket(name: string): Promise<void>;
  stop(): void;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  for (const server of servers) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) await new Promise((done) => server.close(done));
  return ports;
}

/** A server that has begun to listen may never answer what came before it was ready: it is asked again. */
const isUp = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  );

/** One partition power of 4, one copy, one device for each kind of server: enough for a test. */
const makeRings = `
import sys
from swift.common.ring import RingBuilder
for kind, port in zip(('object', 'container', 'account'), sys.argv[2:]):
    builder = RingBuilder(4, 1, 1)
    builder.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': int(port), 'device': 'd1', 'weight': 100})
    builder.rebalance(seed='1')
    builder.get_ring().save(f'{sys.argv[1]}/{kind}.ring.gz')
`;

/** swift.conf is read from /etc unless it is said before the next import. */
const serve = `
import sys
from swift.common import utils
utils.set_swift_dir(sys.argv[1])
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(f'{sys.argv[1]}/{sys.argv[2]}-server.conf', f'{sys.argv[2]}-server'))
`;

/** The filters in front of the proxy, with what they need beyond their names. Nothing listens at the address of memcached, which is not needed. */
const filters: Readonly<Record<string, string>> = {
  catch_errors: '',
  'proxy-logging': '',
  cache: 'memcache_servers = 127.0.0.1:9',
  s3api: 'location = us-east-1\ns3_acl = no\ncheck_bucket_owner = no\nallow_multipart_uploads = yes\nmin_segment_size = 1',
  tempauth: 'user_test_tester = testing .admin',
  bulk: '',
  slo: '',
  dlo: '',
  versioned_writes: 'allow_object_versioning = true',
  symlink: '',
};
const modules: Readonly<Record<string, string>> = { 'proxy-logging': 'proxy_logging', cache: 'memcache' };

export async function startSwift(): Promise<SwiftServer> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-swift-'));
  mkdirSync(join(folder, 'srv/d1'), { recursive: true });
  const libraries = join(swiftFolder!, 'usr/lib');
  const env = {
    PATH: process.env['PATH'],
    ...(swiftFolder !== '/' && {
      PYTHONPATH: join(libraries, 'python3/dist-packages'),
      LD_LIBRARY_PATH: readdirSync(libraries)
        .filter((name) => name.endsWith('-linux-gnu'))
        .map((name) => join(libraries, name))
        .join(':'),
    }),
  };
  const [port = 0, ...kinds] = await freePorts(4);
  const conf = (name: string, ...lines: readonly string[]): void => writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  const common = (bindPort: number): string =>
    `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${bindPort}\nworkers = 0\nuser = ${userInfo().username}\nswift_dir = ${folder}\n` +
    `devices = ${join(folder, 'srv')}\nmount_check = false\nlog_address = /dev/null\nlog_level = ERROR`;
  conf(
    'swift.conf',
    '[swift-hash]',
    'swift_hash_path_suffix = stratus',
    'swift_hash_path_prefix = test',
    '[storage-policy:0]',
    'name = p0',
    'default = yes',
  );
  const names = ['object', 'container', 'account'] as const;
  for (const [i, kind] of names.entries())
    conf(
      `${kind}-server.conf`,
      common(kinds[i]!),
      `[pipeline:main]\npipeline = ${kind}-server\n[app:${kind}-server]\nuse = egg:swift#${kind}\ncontainer_update_timeout = 30`,
    );
  conf(
    'proxy-server.conf',
    common(port),
    `[pipeline:main]\npipeline = ${Object.keys(filters).join(' ')} proxy-server`,
    '[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n' +
      // Patient: on a machine that is busy with other tests an answer may take long, and is no failure.
      'node_timeout = 60\nrecoverable_node_timeout = 60\nconn_timeout = 30\nerror_suppression_limit = 1000000',
    ...Object.entries(filters).map(([name, more]) => `[filter:${name}]\nuse = egg:swift#${modules[name] ?? name}\n${more}`),
  );
  execFileSync(python, ['-c', makeRings, folder, ...kinds.map(String)], { env, stdio: 'pipe' });
  const children: ChildProcess[] = ['proxy', ...names].map((kind) => {
    const log = openSync(join(folder, `${kind}.log`), 'w');
    return spawn(python, ['-c', serve, folder, kind], { env, stdio: ['ignore', log, log] });
  });
  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const end = Date.now() + 120_000;
  for (const own of [...kinds, port])
    while (!(await isUp(`http://127.0.0.1:${own}/${own === port ? 'info' : 'healthcheck'}`))) {
      if (Date.now() > end || children.some(({ exitCode }) => exitCode !== null)) {
        stop();
        throw new Error('Swift did not start');
      }
      await sleep(100);
    }
  const [accessKey, secretKey] = ['test:tester', 'testing'];
  return {
    port,
    accessKey,
    secretKey,
    stop,
    async makeBucket(name) {
      const client = new S3Client({
        endpoint: `http://127.0.0.1:${port}`,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
      });
      await client.send(new CreateBucketCommand({ Bucket: name }));
      client.destroy();
    },
  };
}
