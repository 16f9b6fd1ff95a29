/** What a request needs besides being of somebody known. */
export interface Needed {
  /** Nobody needs a key for it. */
  readonly open?: boolean;
  /** The model that it asks. */
  readonly model?: string;
  /** It asks all models that are served, or says something of them all. */
  readonly all?: boolean;
  /** It changes what is served. */
  readonly manage?: boolean;
}

/** Says whether the process is well, and nothing else: who spreads requests has no key. */
const health = /^\/(v2\/health\/(live|ready)|ping|health|livez|readyz|healthz)\/?$/;
const ofModel = /^\/v[12]\/models\/([^/:]+)/;
/** What is asked of a model, or told of its answers: that changes nothing of what is served. */
const inference = /(\/(feedback|infer|predict|classify|regress|generate|explain)|:(predict|classify|regress|generate))\/?$/;
/** The paths of those that have one model: /predict, SageMaker's, Azure's, and Vertex' as it is told by its environment. */
const ofAll = /^\/(predict|invocations|score)\/?$/;
/** What says no more of models than their names. */
const general = /^\/(v2(\/models)?\/?)?$/;

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** What a request needs. A path that is not known here, and is not only read, changes something. */
export function neededBy(method: string, path: string, openPaths: readonly string[] = []): Needed {
  const reads = method === 'GET' || method === 'HEAD';
  if (reads && (health.test(path) || openPaths.includes(path))) return { open: true };
  const name = ofModel.exec(path)?.[1];
  if (name !== undefined) return { model: decoded(name), ...(!reads && !inference.test(path) && { manage: true }) };
  if (reads) return general.test(path) ? {} : { all: true };
  return ofAll.test(path) || path === process.env['AIP_PREDICT_ROUTE'] ? { all: true } : { manage: true };
}
