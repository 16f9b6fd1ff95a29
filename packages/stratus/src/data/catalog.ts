import { cifar10Info } from './cifar10.ts';
import { cifar100Info } from './cifar100.ts';
import { coraInfo } from './cora.ts';
import type { DataSetInfo } from './data-file.ts';
import { fashionMnistInfo } from './fashion-mnist.ts';
import { imdbInfo } from './imdb.ts';
import { mnistInfo } from './mnist.ts';
import { rtPolarityInfo } from './rt-polarity.ts';
import { digitsInfo, irisInfo } from './tabular.ts';
import { tinyShakespeareInfo } from './tiny-shakespeare.ts';

/** The data sets that are built in, by the names of the functions that read them. */
export const catalog: Readonly<Record<string, DataSetInfo>> = {
  mnist: mnistInfo,
  fashionMnist: fashionMnistInfo,
  cifar10: cifar10Info,
  cifar100: cifar100Info,
  imdb: imdbInfo,
  rtPolarity: rtPolarityInfo,
  tinyShakespeare: tinyShakespeareInfo,
  cora: coraInfo,
  iris: irisInfo,
  digits: digitsInfo,
};
