// A GPU made of software: the Vulkan driver that Chromium brings along. With STRATUS_GPU=real the machine's own is tested instead.
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const chromium = process.env['STRATUS_CHROMIUM'] ?? '/usr/bin/chromium';
const folders = [existsSync(chromium) ? dirname(realpathSync(chromium)) : '', '/usr/lib/chromium', '/opt/google/chrome'];
const loaders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib'].map((folder) => join(folder, 'libvulkan.so.1'));

/** What is missing for tests on WebGPU in Node; undefined, and everything prepared, when nothing is. */
export function prepareGpu(): string | undefined {
  if (process.env['STRATUS_GPU'] === 'real') return undefined;
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x64, or STRATUS_GPU=real';
  const driver = folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find((file) => existsSync(file));
  if (!driver) return 'needs the software GPU of Chromium: install it (Debian: chromium)';
  if (!loaders.some((file) => existsSync(file))) return 'needs the Vulkan loader: install it (Debian: libvulkan1)';
  // Read by the loader at the first use in this process.
  process.env['VK_ICD_FILENAMES'] = driver;
  const runtime = join(tmpdir(), 'stratus-xdg');
  mkdirSync(runtime, { recursive: true, mode: 0o700 });
  process.env['XDG_RUNTIME_DIR'] ??= runtime;
  return undefined;
}
