"""What packages/stratus/test/arrow.test.ts reads: files that pyarrow wrote. Run with Python 3 and pyarrow; the files are committed."""
import datetime
import decimal
import os

import pyarrow as pa
import pyarrow.feather as feather

here = os.path.dirname(os.path.abspath(__file__))
path = lambda name: os.path.join(here, name)

kinds = pa.table(
    {
        'i8': pa.array([1, None, -3], pa.int8()),
        'u8': pa.array([1, 2, 255], pa.uint8()),
        'i32': pa.array([1, -2, 3], pa.int32()),
        'u32': pa.array([1, 2, 2**32 - 1], pa.uint32()),
        'i64': pa.array([1, 2**53 + 1, None], pa.int64()),
        'u64': pa.array([1, 2, 2**64 - 1], pa.uint64()),
        'f16': pa.array([0.5, None, -2.0], pa.float16()),
        'f32': pa.array([0.5, None, -2.25], pa.float32()),
        'f64': pa.array([0.1, float('nan'), float('inf')], pa.float64()),
        'flag': pa.array([True, False, None]),
        'text': pa.array(['a', None, 'bär']),
        'large': pa.array(['', '日本', 'x' * 40], pa.large_string()),
        'class': pa.array(['cat', 'dog', 'cat']).dictionary_encode(),
        'bytes': pa.array([b'\x00\xff', None, b''], pa.binary()),
        'date': pa.array([datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)]),
        'time': pa.array([datetime.datetime(2024, 1, 31, 12, 0, 0, 250000), None, datetime.datetime(1969, 12, 31, 23, 59, 59)], pa.timestamp('us')),
        'list': pa.array([[1.0, 2.0], [], None], pa.list_(pa.float32())),
        'fixed': pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float32(), 2)),
        'struct': pa.array([{'a': 1, 'b': 'x'}, None, {'a': 3, 'b': None}], pa.struct([('a', pa.int32()), ('b', pa.string())])),
        'decimal': pa.array([decimal.Decimal('12.25'), None, decimal.Decimal('-0.50')], pa.decimal128(10, 2)),
    }
)
rows = pa.table({'i': pa.array(range(1000), pa.int32()), 'half': pa.array([i / 2 for i in range(1000)], pa.float32()), 'name': [f'n{i % 7}' for i in range(1000)]})


def write(name, table, opener, rows_at_once, compression=None):
    with pa.OSFile(path(name), 'wb') as sink:
        with opener(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
            writer.write_table(table, max_chunksize=rows_at_once)


write('kinds.arrow', kinds, pa.ipc.new_file, 2)
write('rows.arrow', rows, pa.ipc.new_file, 300)
write('rows.arrows', rows, pa.ipc.new_stream, 300)
write('rows-zstd.arrow', rows, pa.ipc.new_file, 300, 'zstd')
feather.write_feather(rows, path('rows.feather'))  # compressed with LZ4, as is usual
write('double.arrow', pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=['a', 'a']), pa.ipc.new_stream, 10)
write('none.arrow', rows.slice(0, 0), pa.ipc.new_file, 10)
