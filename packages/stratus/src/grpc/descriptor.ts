// Services described in Protocol Buffers' own form, out of the same tables that the codec reads. Source: google/protobuf/descriptor.proto.
import { encode } from './encode.ts';
import { type Enumeration, type Field, list, maybe, one, type Partly, type Schema, schema } from './schema.ts';
import type { Method } from './service.ts';

const name = one(1, 'string');
const fieldProto = schema('google.protobuf.FieldDescriptorProto', {
  name,
  number: one(3, 'int32'),
  label: one(4, 'int32'),
  type: one(5, 'int32'),
  type_name: one(6, 'string'),
  oneof_index: maybe(9, 'int32'),
  json_name: one(10, 'string'),
});
const enumProto = schema('google.protobuf.EnumDescriptorProto', {
  name,
  value: list(2, schema('google.protobuf.EnumValueDescriptorProto', { name, number: maybe(2, 'int32') })),
});
const messageProto = schema('google.protobuf.DescriptorProto', {
  name,
  field: list(2, fieldProto),
  nested_type: list(3, 'bytes'), // messages again, encoded already
  enum_type: list(4, enumProto),
  options: maybe(7, schema('google.protobuf.MessageOptions', { map_entry: one(7, 'bool') })),
  oneof_decl: list(8, schema('google.protobuf.OneofDescriptorProto', { name })),
});
const serviceProto = schema('google.protobuf.ServiceDescriptorProto', {
  name,
  method: list(
    2,
    schema('google.protobuf.MethodDescriptorProto', {
      name,
      input_type: one(2, 'string'),
      output_type: one(3, 'string'),
      client_streaming: one(5, 'bool'),
      server_streaming: one(6, 'bool'),
    }),
  ),
});
const fileProto = schema('google.protobuf.FileDescriptorProto', {
  name,
  package: one(2, 'string'),
  message_type: list(4, 'bytes'),
  enum_type: list(5, enumProto),
  service: list(6, serviceProto),
  syntax: one(12, 'string'),
});

/** FieldDescriptorProto.Type. */
const types = {
  double: 1,
  float: 2,
  int64: 3,
  uint64: 4,
  int32: 5,
  bool: 8,
  string: 9,
  message: 11,
  bytes: 12,
  uint32: 13,
  enum: 14,
};
const [optional, repeated] = [1, 3];

/** What lies in a file: each message and enum once, by full name. */
class Contents {
  readonly messages = new Map<string, Schema>();
  readonly enums = new Map<string, Enumeration>();

  add(message: Schema): void {
    if (this.messages.has(message.name)) return;
    this.messages.set(message.name, message);
    for (const { type, enumeration } of Object.values(message.fields)) {
      if (typeof type !== 'string') this.add(type);
      if (enumeration) this.enums.set(enumeration.name, enumeration);
    }
  }
}

const lastOf = (full: string): string => full.slice(full.lastIndexOf('.') + 1);
const outerOf = (full: string): string => full.slice(0, full.lastIndexOf('.'));
/** `raw_input_contents` -> `rawInputContents` */
const jsonName = (own: string): string => own.replaceAll(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
/** `parameters` -> `ParametersEntry` */
const entryName = (own: string): string => `${`_${own}`.replaceAll(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase())}Entry`;

const whole = (parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

const enumOf = ({ name: full, values }: Enumeration): Partly<typeof enumProto> => ({
  name: lastOf(full),
  value: values.map((own, number) => ({ name: own, number })),
});

function fieldOf(own: string, { id, type, enumeration }: Field, label = optional): Partly<typeof fieldProto> {
  const typeName = typeof type === 'string' ? enumeration?.name : type.name;
  return {
    name: own,
    number: id,
    label,
    type: typeof type === 'string' ? types[type] : types.message,
    ...(typeName !== undefined && { type_name: `.${typeName}` }),
    json_name: jsonName(own),
  };
}

function messageOf(contents: Contents, { name: full, fields }: Schema): Uint8Array {
  const oneofs = [...new Set(Object.values(fields).flatMap(({ oneof }) => oneof ?? []))];
  const nested = [...contents.messages.values()]
    .filter((other) => outerOf(other.name) === full)
    .map((m) => messageOf(contents, m));
  const field = Object.entries(fields).map(([own, of]) => {
    if (of.many === 'map') {
      const entry = entryName(own);
      const key: Field = { id: 1, type: 'string', many: 'one' };
      nested.push(
        whole(
          encode(messageProto, {
            name: entry,
            field: [fieldOf('key', key), fieldOf('value', { id: 2, type: of.type, many: 'one' })],
            options: { map_entry: true },
          }),
        ),
      );
      return { ...fieldOf(own, of, repeated), type: types.message, type_name: `.${full}.${entry}` };
    }
    const described = fieldOf(own, of, of.many === 'list' ? repeated : optional);
    return of.oneof === undefined ? described : { ...described, oneof_index: oneofs.indexOf(of.oneof) };
  });
  const enums = [...contents.enums.values()].filter((e) => outerOf(e.name) === full);
  return whole(
    encode(messageProto, {
      name: lastOf(full),
      field,
      nested_type: nested,
      enum_type: enums.map(enumOf),
      oneof_decl: oneofs.map((own) => ({ name: own })),
    }),
  );
}

/** A file that describes one service and its messages. */
export interface DescriptorFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Full names of all that is in it. */
  readonly symbols: readonly string[];
}

/** The file of a service. */
export function fileOf(service: string, methods: readonly Method[]): DescriptorFile {
  const contents = new Contents();
  for (const { request, response } of methods) {
    contents.add(request);
    contents.add(response);
  }
  const inPackage = outerOf(service);
  const file = `${service.replaceAll('.', '/')}.proto`;
  const bytes = whole(
    encode(fileProto, {
      name: file,
      package: inPackage,
      message_type: [...contents.messages.values()]
        .filter((m) => outerOf(m.name) === inPackage)
        .map((m) => messageOf(contents, m)),
      enum_type: [...contents.enums.values()].filter((e) => outerOf(e.name) === inPackage).map(enumOf),
      service: [
        {
          name: lastOf(service),
          method: methods.map((method) => ({
            name: method.name,
            input_type: `.${method.request.name}`,
            output_type: `.${method.response.name}`,
            client_streaming: method.streams === 'both',
            server_streaming: method.streams !== 'neither',
          })),
        },
      ],
      syntax: 'proto3',
    }),
  );
  const symbols = [service, ...methods.map((m) => `${service}.${m.name}`), ...contents.messages.keys(), ...contents.enums.keys()];
  return { name: file, bytes, symbols };
}
