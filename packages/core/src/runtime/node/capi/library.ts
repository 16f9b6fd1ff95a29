import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ownDomain, type Runs } from '../../../graph/index.ts';
import { silenceTelemetry } from '../telemetry.ts';
import { type Denormals, denormalsOf } from './denormals.ts';
import { type Level, loadKernels, type OwnKernels } from './kernels.ts';
import { type Koffi, loadForGood } from './load-for-good.ts';

type Result = 'text' | 'nothing' | 'flag';

/**
 * Where the functions stand in the table that OrtApi is: the order of its members in onnxruntime_c_api.h. Members are only ever
 * added at its end, and static asserts in onnxruntime_c_api.cc pin it. p: pointer or size, i: int, s: text; the result is a
 * status (null when all went well), or nothing where there is a v.
 */
const table = {
  GetErrorMessage: [2, 'p', 'text'],
  CreateEnv: [3, 'isp'],
  DisableTelemetryEvents: [6, 'p'],
  CreateSessionFromArray: [8, 'ppppp'],
  Run: [9, 'pppppppp'],
  CreateSessionOptions: [10, 'p'],
  EnableProfiling: [14, 'pp'],
  DisableMemPattern: [17, 'p'],
  SetSessionLogSeverityLevel: [22, 'pi'],
  SetSessionGraphOptimizationLevel: [23, 'pi'],
  SetIntraOpNumThreads: [24, 'pi'],
  CreateCustomOpDomain: [26, 'sp'],
  CustomOpDomain_Add: [27, 'pp'],
  AddCustomOpDomain: [28, 'pp'],
  SessionGetInputCount: [30, 'pp'],
  SessionGetOutputCount: [31, 'pp'],
  SessionGetInputTypeInfo: [33, 'ppp'],
  SessionGetOutputTypeInfo: [34, 'ppp'],
  SessionGetInputName: [36, 'pppp'],
  SessionGetOutputName: [37, 'pppp'],
  CreateRunOptions: [39, 'p'],
  RunOptionsSetTerminate: [46, 'p'],
  CreateTensorAsOrtValue: [48, 'pppip'],
  CreateTensorWithDataAsOrtValue: [49, 'pppppip'],
  GetTensorMutableData: [51, 'pp'],
  CastTypeInfoToTensorInfo: [55, 'pp'],
  GetTensorElementType: [60, 'pp'],
  GetDimensionsCount: [61, 'pp'],
  GetDimensions: [62, 'ppp'],
  GetSymbolicDimensions: [63, 'ppp'],
  GetTensorTypeAndShape: [65, 'pp'],
  CreateMemoryInfo: [68, 'siiip'],
  CreateCpuMemoryInfo: [69, 'iip'],
  AllocatorFree: [76, 'pp'],
  GetAllocatorWithDefaultOptions: [78, 'p'],
  ReleaseStatus: [93, 'p', 'nothing'],
  ReleaseSession: [95, 'p', 'nothing'],
  ReleaseValue: [96, 'p', 'nothing'],
  ReleaseRunOptions: [97, 'p', 'nothing'],
  ReleaseTypeInfo: [98, 'p', 'nothing'],
  ReleaseTensorTypeAndShapeInfo: [99, 'p', 'nothing'],
  ReleaseSessionOptions: [100, 'p', 'nothing'],
  SessionEndProfiling: [110, 'ppp'],
  GetStringTensorElementLength: [127, 'ppp'],
  GetStringTensorElement: [128, 'pppp'],
  FillStringTensorElement: [129, 'psp'],
  AddSessionConfigEntry: [130, 'pss'],
  CreateAllocator: [131, 'ppp'],
  SessionOptionsAppendExecutionProvider: [216, 'psppp'],
  SessionOptionsSetLoadCancellationFlag: [293, 'pi'],
  CopyTensors: [386, 'ppppp'],
  TensorTypeAndShape_HasShape: [390, 'p', 'flag'],
} as const satisfies Record<string, readonly [number, string, Result?]>;

type Name = keyof typeof table;
type Argument = bigint | number | string;
type Status = bigint | null;

/** The version of the table that is asked for: the first that has all the functions above. */
const apiVersion = 24;
const argumentTypes: Readonly<Record<string, string>> = { p: 'uintptr_t', i: 'int', s: 'const char*' };
const resultTypes = { status: 'void*', text: 'const char*', nothing: 'void', flag: 'bool' } as const;

/** ONNX Runtime's shared library, as onnxruntime-node carries it. */
function libraryFile(require: NodeJS.Require): string {
  const folder = join(
    dirname(require.resolve('onnxruntime-node/package.json')),
    'bin',
    'napi-v6',
    process.platform,
    process.arch,
  );
  const file = readdirSync(folder).find((name) => /^(lib)?onnxruntime(\.\d+)*\.(so|dylib|dll)(\.\d+)*$/.test(name));
  if (!file) throw new Error(`there is no ONNX Runtime library in ${folder}`);
  return join(folder, file);
}

/** ONNX Runtime's C functions. A wrong argument is a crash, not an exception: only this folder calls them. */
export class Library {
  readonly version: string;
  readonly koffi: Koffi;
  readonly denormals: Denormals | undefined;
  /** What another thread needs to call the same functions. */
  readonly forThread: {
    readonly koffi: string;
    readonly library: string;
    readonly run: bigint;
    readonly create: bigint;
    readonly copy: bigint;
  };
  readonly env: bigint;
  /** Describes memory that is ours. */
  readonly cpuMemory: bigint;
  readonly allocator: bigint;
  readonly #functions: Readonly<Record<Name, (...args: Argument[]) => unknown>>;
  readonly #domains = new Map<Level, KernelDomain | undefined>();
  readonly #out = new BigUint64Array(1);
  readonly #atOut: bigint;

  constructor(koffi: Koffi, require: NodeJS.Require) {
    this.koffi = koffi;
    const file = libraryFile(require);
    const isSilent = silenceTelemetry(koffi);
    const library = loadForGood(koffi, file);
    const base = library.func('void* OrtGetApiBase()')() as bigint;
    const [getApi, getVersion] = koffi.decode(base, koffi.array('void*', 2)) as [bigint, bigint];
    this.version = koffi.call(getVersion, koffi.proto('const char*', [])) as string;
    const api = koffi.call(getApi, koffi.proto('void*', ['uint32_t']), apiVersion) as bigint | null;
    if (!api) throw new Error(`ONNX Runtime ${this.version} has no C API of version ${apiVersion}`);
    const pointers = koffi.decode(api, koffi.array('void*', 400)) as bigint[];
    this.forThread = {
      koffi: require.resolve('koffi'),
      library: file,
      run: pointers[table.Run[0]]!,
      create: pointers[table.CreateSessionFromArray[0]]!,
      copy: pointers[table.CopyTensors[0]]!,
    };
    this.#functions = Object.fromEntries(
      Object.entries(table).map(([name, entry]) => {
        const [index, args, result]: readonly [number, string, Result?] = entry;
        const type = koffi.proto(
          resultTypes[result ?? 'status'],
          [...args].map((a) => argumentTypes[a]!),
        );
        return [name, koffi.decode(pointers[index]!, type)];
      }),
    ) as Record<Name, (...args: Argument[]) => unknown>;
    this.#atOut = this.address(this.#out);
    // 4: only fatal messages; whatever goes wrong is thrown, and need not be printed as well.
    this.env = this.make('CreateEnv', 4, 'stratus');
    if (isSilent) this.call('DisableTelemetryEvents', this.env); // Windows has no variable for that
    this.cpuMemory = this.make('CreateCpuMemoryInfo', 1, 0);
    this.allocator = this.make('GetAllocatorWithDefaultOptions');
    this.denormals = denormalsOf(koffi);
  }

  /** Our own kernels, made for at most this instruction set. Undefined where there are none for this platform. */
  kernels(most: Level): KernelDomain | undefined {
    if (!this.#domains.has(most)) this.#domains.set(most, this.#domainOf(loadKernels(this.koffi, most)));
    return this.#domains.get(most);
  }

  #domainOf(kernels: OwnKernels | undefined): KernelDomain | undefined {
    if (!kernels) return undefined;
    const domain = this.make('CreateCustomOpDomain', ownDomain);
    for (const op of kernels.ops) this.call('CustomOpDomain_Add', domain, op);
    return { domain, runs: kernels.runs };
  }

  /** Calls a function. Errors: what its status says. */
  call(name: Name, ...args: readonly Argument[]): unknown {
    const result = this.#functions[name](...args);
    if ((table[name] as readonly unknown[])[2] === undefined) this.check(result as Status);
    return result;
  }

  /** Calls a function whose last argument is where it writes its result, and gives that. */
  make(name: Name, ...args: readonly Argument[]): bigint {
    this.#out[0] = 0n; // some results are narrower
    this.call(name, ...args, this.#atOut);
    return this.#out[0];
  }

  /** Throws when a call did not go well. */
  check(status: Status): void {
    if (!status) return;
    const message = this.#functions.GetErrorMessage(status) as string;
    this.#functions.ReleaseStatus(status);
    throw new Error(message);
  }

  /** The function itself, for the hot path. */
  get run(): (...args: Argument[]) => Status {
    return this.#functions.Run as (...args: Argument[]) => Status;
  }

  /** Where an array is. It must stay referenced, and nobody may be able to transfer it away, for as long as the address is used. */
  address(array: ArrayBufferView): bigint {
    void array.buffer; // moves a small array out of the JavaScript heap, so that it stays where it is
    return this.koffi.address(array.byteLength > 0 ? array : nothing);
  }

  /** A copy of `bytes` bytes at an address. */
  copy(address: bigint, bytes: number): ArrayBuffer {
    return this.view(address, bytes).slice(0);
  }

  /** Memory of the engine's as it lies there: whoever asks must not keep it longer than the engine does. */
  view(address: bigint, bytes: number): ArrayBuffer {
    return bytes === 0 ? new ArrayBuffer(0) : this.koffi.view(address, bytes);
  }

  /** Text that ends with a zero, at an address. */
  text(address: bigint): string {
    return this.koffi.decode.string(address);
  }
}

/** Our own kernels as a domain of ops, for the options of a session. */
export interface KernelDomain {
  readonly domain: bigint;
  readonly runs: Runs;
}

/** What empty tensors point to. */
const nothing = new Uint8Array(64);

let loaded: Promise<Library> | undefined;

/** The library of this process. Errors: whatever hinders koffi or the dynamic loader. */
export function loadLibrary(): Promise<Library> {
  loaded ??= (async () => {
    // Imported here and not above, because the platform may lack it.
    const koffi = (await import('koffi')).default;
    return new Library(koffi, createRequire(import.meta.url));
  })();
  return loaded;
}
