// What the server can be asked, for tools that have no .proto files. Source: grpc/grpc, doc/server-reflection.md, reflection.proto.
import { fileOf } from './descriptor.ts';
import { choice, list, one, type Partly, schema } from './schema.ts';
import { type Method, streaming } from './service.ts';
import { grpcCodes } from './status.ts';

/** The two names that the service has had; its messages are the same. */
const versions = ['grpc.reflection.v1', 'grpc.reflection.v1alpha'] as const;

const messagesOf = (version: string) => {
  const at = (name: string) => `${version}.${name}`;
  const extension = schema(at('ExtensionRequest'), { containing_type: one(1, 'string'), extension_number: one(2, 'int32') });
  const request = schema(at('ServerReflectionRequest'), {
    host: one(1, 'string'),
    file_by_filename: choice('message_request', 3, 'string'),
    file_containing_symbol: choice('message_request', 4, 'string'),
    file_containing_extension: choice('message_request', 5, extension),
    all_extension_numbers_of_type: choice('message_request', 6, 'string'),
    list_services: choice('message_request', 7, 'string'),
  });
  const response = schema(at('ServerReflectionResponse'), {
    valid_host: one(1, 'string'),
    original_request: choice('original', 2, request),
    file_descriptor_response: choice(
      'message_response',
      4,
      schema(at('FileDescriptorResponse'), { file_descriptor_proto: list(1, 'bytes') }),
    ),
    all_extension_numbers_response: choice(
      'message_response',
      5,
      schema(at('ExtensionNumberResponse'), { base_type_name: one(1, 'string'), extension_number: list(2, 'int32') }),
    ),
    list_services_response: choice(
      'message_response',
      6,
      schema(at('ListServiceResponse'), { service: list(1, schema(at('ServiceResponse'), { name: one(1, 'string') })) }),
    ),
    error_response: choice(
      'message_response',
      7,
      schema(at('ErrorResponse'), { error_code: one(1, 'int32'), error_message: one(2, 'string') }),
    ),
  });
  return { request, response };
};

/** The reflection service for these methods. */
export function reflectionService(methods: readonly Method[]): readonly Method[] {
  const names = [...new Set(methods.map(({ service }) => service))];
  const files = names.map((service) =>
    fileOf(
      service,
      methods.filter((method) => method.service === service),
    ),
  );
  return versions.map((version) => {
    const { request, response } = messagesOf(version);
    type Answer = Partly<typeof response>;
    const found = (file: (typeof files)[number] | undefined, what: string): Answer =>
      file
        ? { file_descriptor_response: { file_descriptor_proto: [file.bytes] } }
        : { error_response: { error_code: grpcCodes.notFound, error_message: `There is no ${what} here.` } };
    return streaming(
      { service: `${version}.ServerReflection`, name: 'ServerReflectionInfo', access: 'asks', streams: 'both' },
      request,
      response,
      async function* (requests) {
        for await (const asked of requests) {
          const { file_by_filename: path, file_containing_symbol: symbol, all_extension_numbers_of_type: type } = asked;
          const answer = (): Answer => {
            if (asked.list_services !== undefined) {
              const all = [...names, ...versions.map((v) => `${v}.ServerReflection`)];
              return { list_services_response: { service: all.map((name) => ({ name })) } };
            }
            if (path !== undefined)
              return found(
                files.find(({ name }) => name === path),
                'file of this name',
              );
            if (symbol !== undefined)
              return found(
                files.find(({ symbols }) => symbols.includes(symbol)),
                'symbol of this name',
              );
            if (type !== undefined) return { all_extension_numbers_response: { base_type_name: type } };
            return found(undefined, 'extension');
          };
          yield { valid_host: asked.host, original_request: asked, ...answer() };
        }
      },
    );
  });
}
