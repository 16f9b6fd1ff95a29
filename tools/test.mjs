// `npm test [-- arguments of vitest]`: installs what is missing, builds, runs every test, says what was skipped and why.
// `npm test -- --driver binding`: with the npm package's binding wherever a test names no driver itself (STRATUS_DRIVER).
// The last line is the count alone: '12 passed, 0 failed, 3 skipped'.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureBuilt, ensureInstalled, main, Refusal, root, run } from './ready.mjs';

const find = (...names) =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));

/** Installs a Debian package where that may be done; otherwise says which one is wanted. */
async function ensurePackage(name, purpose) {
  if (find('apt-get') === undefined || process.getuid?.() !== 0) {
    console.error(`${purpose}: not found. On Debian: sudo apt-get install ${name}`);
    return false;
  }
  console.error(`${purpose}: installing the Debian package ${name}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env, quiet: true, timeoutMs: 120_000 });
  const { code, output } = await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], {
    env,
    quiet: true,
    timeoutMs: 300_000,
  });
  if (code !== 0) console.error(`${purpose}: apt-get install ${name} failed:\n${output.trim().split('\n').slice(-3).join('\n')}`);
  return code === 0;
}

/** The browser of the browser tests. */
async function chromium() {
  const look = () =>
    process.env.STRATUS_CHROMIUM ?? find('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  return look() ?? ((await ensurePackage('chromium', 'Chromium for the browser tests')) ? look() : undefined);
}

/** The Vulkan loader, through which the tests on WebGPU in Node reach the software GPU that Chromium brings along. */
async function vulkan() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return;
  const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'];
  if (!folders.some((folder) => existsSync(join(folder, 'libvulkan.so.1'))))
    await ensurePackage('libvulkan1', 'The Vulkan loader for the tests on WebGPU');
}

/** A server of PostgreSQL, which its tests start; they look where Debian puts it. */
async function postgres() {
  if (process.env.STRATUS_POSTGRES === undefined && !existsSync('/usr/lib/postgresql'))
    await ensurePackage('postgresql', 'PostgreSQL for the tests of sql and the store');
}

/** OpenStack Swift, the server of S3 that its tests start: unpacked into .swift and not installed, because installed it would be a service of the machine. */
async function swift() {
  const done = join(root, '.swift/usr/bin/swift-proxy-server');
  if (process.env.STRATUS_SWIFT !== undefined || existsSync('/usr/bin/swift-proxy-server') || existsSync(done)) return;
  const purpose = 'OpenStack Swift for the tests of blobs on S3';
  const names = ['swift-proxy', 'swift-account', 'swift-container', 'swift-object'];
  if (find('apt-get') === undefined || process.getuid?.() !== 0) {
    console.error(`${purpose}: not found. On Debian, as root: npm test, or apt-get install ${names.join(' ')}`);
    return;
  }
  console.error(`${purpose}: unpacking the Debian packages ${names.join(', ')} into .swift`);
  const folder = mkdtempSync(join(tmpdir(), 'stratus-swift-'));
  const quiet = { quiet: true, timeoutMs: 300_000 };
  mkdirSync(join(folder, 'partial'));
  await run('apt-get', ['update', '-qq'], { quiet: true, timeoutMs: 120_000 });
  const given = ['-y', '-qq', '--download-only', '--no-install-recommends', '-o', `Dir::Cache::archives=${folder}`];
  const { code, output } = await run('apt-get', ['install', ...given, ...names], quiet);
  const packages = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  for (const name of packages) await run('dpkg', ['-x', join(folder, name), join(root, '.swift')], quiet);
  if (!existsSync(done))
    console.error(`${purpose}: it did not work (${code}):\n${output.trim().split('\n').slice(-3).join('\n')}`);
  rmSync(folder, { recursive: true, force: true });
}

/** A Python with the programs that read what Stratus writes (tools/interop-requirements.txt), in .venv. */
async function interopPython() {
  if (process.env.STRATUS_PYTHON !== undefined) return process.env.STRATUS_PYTHON;
  const wanted = join(root, 'tools/interop-requirements.txt');
  const python = join(root, '.venv', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const done = join(root, '.venv/installed.txt');
  if (existsSync(done) && readFileSync(done, 'utf8') === readFileSync(wanted, 'utf8')) return python;
  const refuse = (why) => console.error(`Python for the interoperability tests: ${why}`);
  const system = find('python3', 'python3.exe');
  if (system === undefined) return refuse('python3 not found. On Debian: sudo apt-get install python3-venv');
  console.error('Python for the interoperability tests: installing tools/interop-requirements.txt into .venv');
  const make = () => run(system, ['-m', 'venv', '--clear', join(root, '.venv')], { quiet: true, timeoutMs: 60_000 });
  let made = await make();
  if (made.code !== 0 && (await ensurePackage('python3-venv', 'python3 -m venv'))) made = await make();
  if (made.code !== 0) return refuse(made.output.trim());
  const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--timeout', '10', '--retries', '1', '-r', wanted];
  const installed = await run(python, pip, { quiet: true, timeoutMs: 240_000 });
  if (installed.code !== 0) return refuse(installed.output.trim().split('\n').slice(-2).join('\n'));
  writeFileSync(done, readFileSync(wanted));
  return python;
}

/** Takes `--driver NAME` out of the arguments; the others are vitest's. */
function wanted(args) {
  const at = args.indexOf('--driver');
  if (at < 0) return { driver: undefined, given: args };
  const driver = args[at + 1];
  if (!['capi', 'binding'].includes(driver)) throw new Refusal(`--driver ${driver ?? ''}: there are capi and binding`);
  return { driver, given: args.toSpliced(at, 2) };
}

await main(async () => {
  const { driver, given } = wanted(process.argv.slice(2));
  await ensureInstalled();
  await ensureBuilt();
  const browser = await chromium();
  await vulkan();
  await postgres();
  await swift();
  const python = await interopPython();
  const folder = mkdtempSync(join(tmpdir(), 'stratus-test-'));
  const report = join(folder, 'report.json');
  const env = { ...process.env, STRATUS_TEST_REPORT: report };
  if (driver !== undefined) env.STRATUS_DRIVER = driver;
  if (python !== undefined) env.STRATUS_PYTHON = python;
  if (browser !== undefined) env.STRATUS_CHROMIUM = browser;
  const reporters = [
    ...(given.some((a) => a.startsWith('--reporter')) ? [] : ['--reporter=default']),
    `--reporter=${join(root, 'tools/test-report.ts')}`,
  ];
  const { code } = await run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...given], {
    env,
  });
  let counts = { passed: 0, failed: 0, skipped: [] };
  if (existsSync(report)) counts = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  for (const { name, why } of counts.skipped) console.log(`skipped: ${name}: ${why}`);
  const failed = code !== 0 && counts.failed === 0 ? 1 : counts.failed; // vitest itself broke
  process.stdout.write(`\n${counts.passed} passed, ${failed} failed, ${counts.skipped.length} skipped\n`);
  return code;
});
