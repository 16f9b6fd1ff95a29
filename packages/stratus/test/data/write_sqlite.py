"""What packages/stratus/test/sql.test.ts reads: a database that Python's sqlite3 wrote. Run with Python 3; the file is committed."""
import os
import sqlite3

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'houses.db')
if os.path.exists(path):
    os.remove(path)
db = sqlite3.connect(path)
db.execute('PRAGMA page_size = 1024')
db.execute('CREATE TABLE houses (id INTEGER PRIMARY KEY, city TEXT, rooms INTEGER, price REAL, sold TEXT, plan BLOB, serial INTEGER)')
db.executemany(
    'INSERT INTO houses VALUES (?, ?, ?, ?, ?, ?, ?)',
    [
        (1, 'Bern', 3, 450000.5, '2024-01-31', b'\x00\xff', 2**53 + 1),
        (2, 'Zürich', 5, None, None, None, -(2**63)),
        (3, "l'Aigle; DROP TABLE houses", 2, 1e300, '2024-02-29 12:00:00', b'', 0),
        (4, '', 1, -0.5, '', None, 2**53 - 1),
    ],
)
db.commit()
db.close()
