import { plainName, quoted } from '../names.ts';
import type { Shipment } from '../shipment.ts';

/** The version of the chart's templates. */
const chartVersion = '1.0.0';

export const chart = ({ name, version }: Shipment): string => `apiVersion: v2
name: ${plainName(name)}
description: ${quoted(`The model ${name}, served by Stratus`)}
type: application
version: ${chartVersion}
appVersion: ${quoted(version)}
kubeVersion: ">=1.25.0-0"
`;
