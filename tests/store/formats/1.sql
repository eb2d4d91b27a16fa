-- A file of format 1 as the program of that format left it. Never changed: a newer format adds its own.
CREATE TABLE log(id INTEGER PRIMARY KEY, key BLOB NOT NULL, op INTEGER NOT NULL, prev INTEGER NOT NULL,
    ver INTEGER NOT NULL, crev INTEGER NOT NULL, lease INTEGER NOT NULL, val BLOB NOT NULL);
CREATE INDEX log_key ON log(key);
CREATE TABLE cur(key BLOB PRIMARY KEY, id INTEGER NOT NULL, crev INTEGER NOT NULL, ver INTEGER NOT NULL,
    lease INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX cur_lease ON cur(lease) WHERE lease <> 0;
CREATE TABLE lease(id INTEGER PRIMARY KEY, ttl_ms INTEGER NOT NULL);
CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('compacted', 2), ('trimmed', 3145728);
-- Revisions 2 to 6: /a is put twice, /b put and deleted, /c put with a lease.
INSERT INTO log VALUES(2097152, X'2F61', 0, 0, 1, 2, 0, X'6F6E65');
INSERT INTO log VALUES(3145728, X'2F61', 0, 2097152, 2, 2, 0, X'74776F');
INSERT INTO log VALUES(4194304, X'2F62', 0, 0, 1, 4, 0, X'676F6E65');
INSERT INTO log VALUES(5242880, X'2F62', 1, 4194304, 0, 0, 0, X'');
INSERT INTO log VALUES(6291456, X'2F63', 0, 0, 1, 6, 7, X'68656C64');
INSERT INTO cur VALUES(X'2F61', 3145728, 2, 2, 0), (X'2F63', 6291456, 6, 1, 7);
INSERT INTO lease VALUES(7, 60000);
PRAGMA application_id = 1178751571;
PRAGMA user_version = 1;
