// One way through a large CSV file, in a process of its own. Arguments: 'duckdb', 'columns' or 'records', and the file; or 'write', the file and
// how many rows it gets. Prints seconds, rows and the largest resident size.
import { createRequire } from 'node:module';
import { csv } from 'stratus';

const [way, file, size] = process.argv.slice(2);
const columns = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => [name, 'float32']));

async function connect() {
  const { DuckDBInstance } = createRequire(import.meta.resolve('stratus'))('@duckdb/node-api');
  return (await DuckDBInstance.create(':memory:')).connect();
}

/** Seven columns of random numbers, one that counts, one of texts: about 133 bytes a row. */
async function write() {
  const numbers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((column) => `random() AS ${column}`).join(', ');
  const rows = `SELECT ${numbers}, i AS h, 'class' || (i % 7) AS label FROM range(${size}) t(i)`;
  await (await connect()).run(`COPY (${rows}) TO '${file}' (HEADER)`);
  return Number(size);
}

/** DuckDB alone: it reads, parses and adds up all numeric columns. */
async function duckdb() {
  const connection = await connect();
  const sums = Object.keys(columns).map((name) => `sum(${name})`);
  const result = await connection.run(`SELECT count(*), ${sums.join(', ')} FROM read_csv('${file}')`);
  return Number((await result.getRows())[0][0]);
}

/** The numeric columns as batches. */
async function batches() {
  let rows = 0;
  for await (const { a } of csv(file, { columns }).batch(1024)) rows += a.shape[0];
  return rows;
}

/** Every row as a record, changed, shuffled and put into batches. */
async function records() {
  let rows = 0;
  const data = csv(file, { columns: { ...columns, label: 'string' } })
    .map(({ label, ...numbers }) => ({ x: Object.values(numbers), y: label === 'class1' ? 1 : 0 }))
    .shuffle(1, 100_000)
    .batch(1024);
  for await (const { y } of data) rows += y.shape[0];
  return rows;
}

const start = performance.now();
const rows = await { write, duckdb, columns: batches, records }[way]();
const seconds = (performance.now() - start) / 1e3;
console.log(JSON.stringify({ seconds, rows, peakMb: process.resourceUsage().maxRSS / 1024 }));
