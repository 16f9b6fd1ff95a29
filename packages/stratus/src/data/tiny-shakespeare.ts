import type { DataSetInfo, LookupOptions } from './data-file.ts';
import { readData, withPlain } from './read-data.ts';

/** @internal */
export const tinyShakespeareFiles = withPlain(
  {
    dataset: 'tinyshakespeare',
    file: 'input.txt.gz',
    bytes: 433_627,
    sha256: 'bed00f18e91cda6838950656f0a95e07e0f4dbe8649a4b959f7602a7e53fbc6e',
  },
  {
    bytes: 1_115_394,
    sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    urls: ['https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt'],
  },
);

/** @internal */
export const tinyShakespeareInfo: DataSetInfo = {
  title: 'Tiny Shakespeare',
  about: '40,000 lines of the plays in one text, for models of characters.',
  records: { all: 1 },
  fields: { text: { dtype: 'string', shape: [] } },
  source: 'https://github.com/karpathy/char-rnn',
  licence: 'public domain',
  cite: 'Karpathy 2015, "The Unreasonable Effectiveness of Recurrent Neural Networks"',
  files: [tinyShakespeareFiles],
};

/**
 * Tiny Shakespeare: 40,000 lines of the plays in one text of 1,115,394 characters, 65 of them distinct; for models of characters.
 * Looked for as `mnist` says, and downloaded once if need be (1.1 MB).
 *
 * Shapes: none. Errors: `data-not-found`, `corrupt`, `file-failed`, `aborted`.
 * Source: Karpathy 2015, https://github.com/karpathy/char-rnn. The text is in the public domain.
 *
 * @example no-run
 * import { tinyShakespeare } from 'stratus';
 * const text = await tinyShakespeare();
 * console.log(text.length, new Set(text).size); // 1115394 65
 */
export async function tinyShakespeare(options: LookupOptions = {}): Promise<string> {
  const { bytes } = await readData(tinyShakespeareFiles, options);
  return new TextDecoder().decode(bytes);
}
