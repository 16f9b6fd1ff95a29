// The thread of the npm package's binding: plain JavaScript, see Thread. Lent memory goes back with the answer, also when a
// run failed.
export const program = `
const { workerData } = require('node:worker_threads');
const ort = require(workerData.ort);
const sessions = new Map();
let count = 0;

const calls = {
  async create({ model, options }) {
    const session = await ort.InferenceSession.create(model, options);
    sessions.set(++count, session);
    return [{ id: count, inputs: session.inputMetadata, outputs: session.outputMetadata }, []];
  },
  async run({ id, inputs, outputs }) {
    const transfer = new Set();
    const lent = inputs.filter((input) => input.lent).map((input) => input.data);
    for (const data of lent) transfer.add(data.buffer);
    try {
      const feeds = {};
      for (const { name, dtype, shape, data } of inputs) feeds[name] = new ort.Tensor(dtype, data, shape);
      const results = await sessions.get(id).run(feeds, outputs, { logSeverityLevel: 4 });
      const tensors = outputs.map((name) => {
        const { data, dims } = results[name];
        if (ArrayBuffer.isView(data)) transfer.add(data.buffer);
        return { data, shape: dims };
      });
      return [{ tensors, lent }, [...transfer]];
    } catch (error) {
      return [{ error, lent }, [...transfer]];
    }
  },
  async endProfiling({ id }) {
    sessions.get(id).endProfiling();
    return [undefined, []];
  },
  async release({ id }) {
    const session = sessions.get(id);
    sessions.delete(id);
    await session?.release();
    return [undefined, []];
  },
};
`;
