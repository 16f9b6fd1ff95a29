import { buildCommand, imageFiles } from '../image.ts';
import { inside, ports } from '../shipment.ts';
import type { Target } from '../target.ts';

/** An image of a container, for whatever runs containers. */
export const docker: Target = {
  about: 'a Dockerfile: an image for whatever runs containers',
  files: imageFiles,
  keys: [{ name: 'clients', path: 'secrets/clients-key' }],
  next(shipment) {
    const { image, keys, source } = shipment;
    const options = [
      ...(keys ? [`-v "$PWD/secrets/keys.json:${inside.keyFile}:ro"`] : []),
      ...(source.kind === 'registry' ? ['-e STRATUS_STORE -e STRATUS_BLOBS'] : []),
      `-p ${ports.http}:${ports.http} -p ${ports.grpc}:${ports.grpc}`,
      '--read-only --tmpfs /tmp',
    ];
    return [buildCommand(shipment), `docker run ${options.join(' ')} ${image}`];
  },
};
