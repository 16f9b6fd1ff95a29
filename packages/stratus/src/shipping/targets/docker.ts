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
      `-p 127.0.0.1:${ports.http}:${ports.http} -p 127.0.0.1:${ports.grpc}:${ports.grpc}`,
      '--read-only --tmpfs /tmp',
    ];
    // Other machines reach it once whoever runs it leaves the address out.
    const key = keys ? ' -H "Authorization: Bearer $(cat secrets/clients-key)"' : '';
    return [
      buildCommand(shipment),
      `docker run -d ${options.join(' ')} ${image}`,
      `curl -s${key} http://127.0.0.1:${ports.http}/v2/models`,
    ];
  },
};
