"""Vertica gate: PostgreSQL wire protocol in (psqlODBC), PostgreSQL 15 behind; every statement must be Vertica SQL.
usage: gate.py [--listen HOST:PORT] [--backend HOST:PORT] [--log FILE] [--multi-values] [--latency MS] [--fail REGEX=STATE[*N]]
"""
import argparse, asyncio, re, struct, sys, time, logging
import vsql
from vsql import Refused

logging.getLogger("sqlglot").setLevel(logging.ERROR)
args = None
# PostgreSQL SQLSTATE -> Vertica SQLSTATE, message rewriting (FACTS.md has the pages)
STATES = {"42P01": "42V01", "42P07": "42710", "42P06": "42710", "55P03": "55V03", "40P01": "40V01", "57P01": "57V01", "57P03": "57V03",
          "2BP01": "2BV01", "23502": "22004", "42P18": "42P18", "42P10": "42V10", "3F000": "3F000", "42704": "42704", "0A000": "0A000"}
TEXTS = [(r'relation "(.*)" does not exist', r'ERROR 4566:  Relation "\1" does not exist'),
         (r'column "?(.*?)"? does not exist', r'ERROR 2624:  Column "\1" does not exist'),
         (r'relation "(.*)" already exists', r'ERROR 4213:  Object "\1" already exists'),
         (r'schema "(.*)" already exists', r'ERROR 4213:  Object "\1" already exists'),
         (r'schema "(.*)" does not exist', r'ERROR 4650:  Schema "\1" does not exist'),
         (r'function (.*) does not exist', r'ERROR 3457:  Function \1 does not exist, or permission is denied for \1'),
         (r'null value in column "(.*)" of relation.*', r'ERROR 2502:  Cannot set a NOT NULL column (\1) to a NULL value in INSERT/UPDATE statement'),
         (r'division by zero', r'ERROR 3117:  Division by zero'),
         (r'duplicate key value violates unique constraint "(.*)"', r'ERROR 6745:  Duplicate key values -- violates constraint \1'),
         (r'deadlock detected', r'ERROR 3010:  Deadlock: X lock table - Deadlock error'),
         (r'cannot drop .* because other objects depend on it', r'ERROR 3128:  DROP failed due to dependencies'),
         (r'canceling statement due to lock timeout', r'ERROR 5156:  Unavailable: X lock table - timeout error Timed out X locking Table'),
         (r'canceling statement due to user request', r'ERROR 3322:  Execution canceled by operator'),
         (r'canceling statement due to statement timeout', r'ERROR 3326:  Execution time exceeded run time cap'),
         (r'value too long for type character.*\((\d+)\)', r'ERROR 4800:  String is too long for type Varchar(\1)')]


# "DDL errors, systemic failures, dead locks, and resource constraints" undo the whole transaction, any other error its statement
WHOLE_STATES = {"40P01", "40001", "53000", "53100", "53200", "53300", "57P01", "57P02"}
WHOLE_KINDS = {"ddl", "temp"}


def msg(kind, body=b""): return kind + struct.pack("!I", len(body) + 4) + body
def query(sql): return msg(b"Q", sql.encode() + b"\0")
def error(state, text): return msg(b"E", b"SERROR\0VERROR\0C" + state.encode() + b"\0M" + text.encode() + b"\0\0")
def ready(st): return msg(b"Z", st)


def map_error(body, whole=False):
    f = {p[:1]: p[1:].decode(errors="replace") for p in body.split(b"\0") if p}
    state, text = f.get(b"C", "XX000"), f.get(b"M", "")
    con = f.get(b"n", "")
    whole = whole or state in WHOLE_STATES
    if state == "23514" and con.startswith("vgate_octets_"):
        _, _, n, col = con.split("_", 3)
        return error("22001", f"ERROR 4800:  String is too long for type Varchar({n}) for column {col}")
    if con == "vgate_partition": return error("22004", "ERROR 4340:  Partitioning on NULL")
    if state == "21000" and text.startswith("MERGE"): return error("23505", "ERROR 3147:  Duplicate MERGE key detected in join")
    if state == "21000": return error("23505", "ERROR 4840:  Subquery used as an expression returned more than one row")
    if state == "42883": text += " (GATE: the backend's word; the name is Vertica's)"
    if state == "42P17": return error("42V16", "ERROR 0000:  Partition expression must be immutable (GATE: number and state unknown)")
    for pat, rep in TEXTS:
        new, k = re.subn("^" + pat + "$", rep, text, flags=re.S)
        if k: text = new; break
    else: text = "ERROR 0000:  " + text if not text.startswith(("ERROR", "ROLLBACK")) else text
    if whole: text = "ROLLBACK" + text[5:] if text.startswith("ERROR") else text
    return error(STATES.get(state, state), text)


def patch_names(body, names):
    n, = struct.unpack("!H", body[:2])
    if n != len(names): return msg(b"T", body)
    out, i = [body[:2]], 2
    for k in range(n):
        j = body.index(0, i)
        col = body[i:j]
        want = (names[k] or "").encode()
        out.append((want if want.lower() == col.lower() else col) + body[j:j + 19])
        i = j + 19
    return msg(b"T", b"".join(out))


class Session:
    def __init__(self, cr, cw): self.cr, self.cw = cr, cw

    async def run(self):
        while True:                                      # startup: SSL/GSS refused, cancel forwarded as it is
            head = await self.cr.readexactly(8)
            n, code = struct.unpack("!II", head)
            rest = await self.cr.readexactly(n - 8)
            if code in (80877103, 80877104): self.cw.write(b"N"); await self.cw.drain(); continue
            break
        self.br, self.bw = await asyncio.open_connection(*args.backend)
        self.bw.write(head + rest)
        if code == 80877102: await self.bw.drain(); self.bw.close(); return
        self.status, self.sp, self.buf, self.kind, self.state = b"I", False, b"", None, None
        self.stmts, self.portals = {}, {}
        m = re.search(rb"user\0([^\0]*)\0", rest); self.user = m.group(1).decode() if m else ""
        self.pid = 0
        while True:                                      # authentication and parameters: straight through
            t, body = await self.bmsg()
            self.cw.write(msg(t, body))
            if t == b"K": self.pid, = struct.unpack("!I", body[:4])
            if t == b"R" and struct.unpack("!I", body[:4])[0] in (3, 5, 10, 11):
                await self.cw.drain()
                ct, cb = await self.cmsg(); self.bw.write(msg(ct, cb))
            if t == b"E": await self.cw.drain(); return
            if t == b"Z": break
        await self.cw.drain()
        batch = []
        while True:
            t, body = await self.cmsg()
            if args.latency: await asyncio.sleep(args.latency / 1000)
            if t == b"X": self.bw.write(msg(t)); return
            if t == b"Q": await self.simple(body[:-1].decode())
            elif t in b"SH":
                batch.append((t, body)); await self.extended(batch); batch = []
            else: batch.append((t, body))

    async def cmsg(self):
        h = await self.cr.readexactly(5)
        n, = struct.unpack("!I", h[1:])
        return h[:1], await self.cr.readexactly(n - 4) if n > 4 else b""

    async def bmsg(self):
        while len(self.buf) < 5 or len(self.buf) < 1 + struct.unpack("!I", self.buf[1:5])[0]:
            more = await self.br.read(1 << 18)
            if not more: raise ConnectionError("backend closed")
            self.buf += more
        n, = struct.unpack("!I", self.buf[1:5])
        t, body = self.buf[:1], self.buf[5:1 + n]
        self.buf = self.buf[1 + n:]
        return t, body

    async def until_ready(self, names=None, skip=0, keep=None, mute=False):
        """Pass backend messages on to the client up to ReadyForQuery (kept back). True when no error came."""
        ok, cnt, view, pos = True, 0, self.buf, 0
        out = []
        while True:
            while len(view) - pos < 5 or len(view) - pos < 1 + struct.unpack_from("!I", view, pos + 1)[0]:
                if out: self.cw.write(b"".join(out)); out = []; await self.cw.drain()
                more = await self.br.read(1 << 18)
                if not more: raise ConnectionError("backend closed")
                view = view[pos:] + more; pos = 0
            n = struct.unpack_from("!I", view, pos + 1)[0] + 1
            t = view[pos:pos + 1]
            if t == b"Z":
                self.status = view[pos + 5:pos + 6]
                self.buf = view[pos + n:]
                if out: self.cw.write(b"".join(out))
                return ok
            if t == b"E":
                ok = False
                m = re.search(rb"\0C([0-9A-Z]{5})\0", view[pos + 4:pos + n]); self.state = m.group(1).decode() if m else "XX000"
                if not mute: out.append(map_error(view[pos + 5:pos + n], self.kind in WHOLE_KINDS))
            elif mute: pass
            elif t == b"C" and (cnt < skip or (keep is not None and cnt >= skip + keep)): cnt += 1
            elif t == b"T" and names: out.append(patch_names(view[pos + 5:pos + n], names))
            else:
                if t == b"C": cnt += 1
                out.append(view[pos:pos + n])
            pos += n

    async def quiet(self, sql):
        self.bw.write(query(sql))
        return await self.until_ready(mute=True)

    async def undo(self, kind):
        if kind in WHOLE_KINDS or self.state in WHOLE_STATES: await self.quiet("ROLLBACK;BEGIN"); self.sp = False
        else: await self.quiet("ROLLBACK TO SAVEPOINT vgate_s")

    def guard(self):                                     # savepoint so that an error undoes its statement only
        sql = ("RELEASE SAVEPOINT vgate_s;" if self.sp else "") + "SAVEPOINT vgate_s"
        self.sp = True
        return sql

    def record(self, text, kind, label, t0, ok):
        LOG.append((self.pid, self.user, text, kind, label, t0, time.time(), ok))
        if args.log:
            print(f"{time.time():.3f} {self.pid} {'ok ' if ok else 'ERR'} {(time.time() - t0) * 1e3:.1f}ms {kind} {text[:2000]!r}", file=args.log, flush=True)

    async def fail(self, state, text, t0):
        self.record(text[:300], "injected " + state, "", t0, False)
        if state == "drop": self.cw.transport.abort(); raise ConnectionError("injected")
        self.state, self.kind = state, None
        whole = state in WHOLE_STATES | {"40V01", "57V01"}
        self.cw.write(error(state, ("ROLLBACK" if whole else "ERROR") + " 0000:  injected by the gate"))
        if whole and self.status == b"T": await self.quiet("ROLLBACK;BEGIN"); self.sp = False
        self.cw.write(ready(self.status)); await self.cw.drain()

    async def simple(self, text):
        state = FAIL and injected(text)
        if state: await self.fail(state, text, time.time()); return
        if text.startswith("BEGIN;INSERT") or text[:6].upper() == "INSERT":
            t0, begin = time.time(), text.startswith("BEGIN;")
            try: b = vsql.bulk(text[6:] if begin else text)
            except Refused: b = None                     # the slow path says it with its position
            if b:
                ok = await self.one(vsql.Stmt("begin", "BEGIN"), "BEGIN") if begin else True
                if ok:
                    ok = await self.one(b[0], b[0].sql, rows=b[1])
                    self.record(text[:300] if len(text) > 300 else text, "dml", b[0].label, t0, ok)
                self.cw.write(ready(self.status)); await self.cw.drain(); return
        parts = vsql.split(text)
        if not parts:
            self.cw.write(msg(b"I"))
        i = 0
        while i < len(parts):
            t0 = time.time()
            try: st = vsql.translate(parts[i])
            except Refused as r:
                self.cw.write(error(r.state, r.msg)); self.record(parts[i], f"refused {r.state} {r.msg}", "", t0, False); break
            except Exception as e:                       # the gate's own fault is never taken for Vertica's word
                self.cw.write(error("XX000", f"GATE: internal: {e!r}")); self.record(parts[i], "GATE BUG", "", t0, False); break
            ok = await self.one(st, st.sql)
            self.record(parts[i], st.kind, st.label, t0, ok)
            i += 1
            if not ok: break
        self.cw.write(ready(self.status)); await self.cw.drain()

    async def one(self, st, sql, rows=0):
        k = self.kind = st.kind
        if k in ("begin", "commit", "rollback", "savepoint", "driver"):
            if k == "begin" and self.status == b"T":     # Vertica: WARNING 2362, transaction is already running
                self.cw.write(msg(b"C", b"BEGIN\0")); return True
            if k == "driver" and self.status == b"T": await self.quiet(self.guard())
            self.bw.write(query(sql))
            ok = await self.until_ready()
            if k != "driver": self.sp = False
            if not ok and self.status == b"E": await self.quiet("ROLLBACK TO SAVEPOINT vgate_s")
            return ok
        tx, skip = self.status == b"T", 0
        if tx:
            pre = self.guard(); skip = pre.count(";") + 1; sql = pre + ";" + sql
        elif st.lock or st.post: sql = "BEGIN;" + sql; skip = 1
        if st.lock:
            head, tail = sql.rsplit(st.sql, 1)
            sql = f"{head}LOCK TABLE {st.lock} IN SHARE ROW EXCLUSIVE MODE;{st.sql}{tail}"; skip += 1
        keep = None
        if st.post: sql += ";" + ";".join(st.post); keep = 1
        if rows: keep = 0                                # the driver waits for a tag per row
        self.bw.write(query(sql))
        ok = await self.until_ready(st.names, skip, keep)
        if rows and ok: self.cw.write(msg(b"C", b"INSERT 0 1\0") * rows)
        if tx:
            if not ok: await self.undo(k)
            if (ok and k == "ddl") or k == "truncate":   # DDL commits; TRUNCATE commits even when it fails
                await self.quiet("COMMIT;BEGIN"); self.sp = False
        elif self.status in (b"T", b"E"):
            await self.quiet("COMMIT" if ok else "ROLLBACK")
        return ok

    async def extended(self, batch):
        t0, refused, kinds, text = time.time(), None, [], ""
        out = []
        for t, b in batch:
            if t == b"P" and not refused:
                name, sql, rest = b.split(b"\0", 2)
                text = sql.decode()
                try:
                    st = vsql.translate(text)
                    self.stmts[name] = (st, text)
                    b = name + b"\0" + st.sql.encode() + b"\0" + rest
                except Refused as r: refused = r; break
                except Exception as e: refused = Refused("XX000", f"GATE: internal: {e!r}"); break
            elif t == b"B":
                portal, name = b.split(b"\0", 2)[:2]; self.portals[portal] = name
            elif t == b"E":
                st = self.stmts.get(self.portals.get(b.split(b"\0")[0]))
                if st: kinds.append(st[0]); text = st[1]
            out.append(msg(t, b))
        if refused:
            self.cw.write(error(refused.state, refused.msg) + ready(self.status)); await self.cw.drain()
            self.record(text, f"refused {refused.state} {refused.msg}", "", t0, False); return
        state = FAIL and kinds and injected(text)
        if state: await self.fail(state, text, t0); return
        kk = self.kind = kinds[0].kind if kinds else None
        tcl = kk in ("begin", "commit", "rollback", "savepoint")
        tx = self.status == b"T" and not tcl and self.status != b"E"
        if tx:
            sql = self.guard()
            if kinds and kinds[0].lock: sql += f";LOCK TABLE {kinds[0].lock} IN SHARE ROW EXCLUSIVE MODE"
            if not await self.quiet(sql):                # lock timed out, deadlock
                self.cw.write(map_error(b"C" + self.state.encode() + b"\0Mcanceling statement due to lock timeout\0"))
                await self.undo(kk)
                self.cw.write(ready(self.status)); await self.cw.drain(); return
        self.bw.write(b"".join(out))
        names = next((s.names for s in kinds if s.names), None) or (self.stmts.get(self.portals.get(b""), (None,))[0] and self.stmts[self.portals[b""]][0].names if b"" in self.portals and self.portals[b""] in self.stmts else None)
        ok = await self.until_ready(names)
        if tcl: self.sp = False
        if tx:
            if not ok: await self.undo(kk)
            if (ok and kk == "ddl") or kk == "truncate": await self.quiet("COMMIT;BEGIN"); self.sp = False
        if kinds: self.record(text, kk, kinds[0].label, t0, ok)
        self.cw.write(ready(self.status)); await self.cw.drain()


LOG, FAIL = [], []


def injected(text):
    for f in FAIL:
        if f[2] > 0 and f[0].search(text): f[2] -= 1; return f[1]


async def flush_log():
    """v_monitor.query_requests: the gate's own record, written behind."""
    s = None
    while True:
        await asyncio.sleep(0.2)
        if not LOG: continue
        rows, LOG[:] = LOG[:5000], LOG[5000:]
        try:
            if s is None:
                s = Session(None, Null()); s.buf, s.status, s.kind = b"", b"I", None
                s.br, s.bw = await asyncio.open_connection(*args.backend)
                p = b"\0\3\0\0user\0" + args.user.encode() + b"\0database\0" + args.db.encode() + b"\0\0"
                s.bw.write(struct.pack("!I", len(p) + 4) + p)
                await s.until_ready(mute=True)
            q = lambda v: "'" + str(v)[:64000].replace("\0", "").replace("'", "''") + "'"
            await s.quiet("INSERT INTO vgate.requests(pid,user_name,request,kind,label,t0,t1,success) VALUES " + ",".join(
                f"({r[0]},{q(r[1])},{q(r[2])},{q(r[3])},{q(r[4])},to_timestamp({r[5]}),to_timestamp({r[6]}),{r[7]})" for r in rows))
        except (OSError, ConnectionError): s = None


class Null:
    def write(self, b): pass
    async def drain(self): pass


async def client(r, w):
    s = Session(r, w)
    try: await s.run()
    except (asyncio.IncompleteReadError, ConnectionError): pass
    finally:
        w.close()
        if hasattr(s, "bw"): s.bw.close()


async def main():
    global args
    ap = argparse.ArgumentParser(description=__doc__)
    addr = lambda v: (v.rsplit(":", 1)[0], int(v.rsplit(":", 1)[1]))
    ap.add_argument("--listen", type=addr, default=("127.0.0.1", 5433))
    ap.add_argument("--backend", type=addr, default=("127.0.0.1", 5432))
    ap.add_argument("--db", default="dwh"); ap.add_argument("--user", default="dbadmin")
    ap.add_argument("--log", type=argparse.FileType("a")); ap.add_argument("--multi-values", action="store_true")
    ap.add_argument("--fail", action="append", default=[], metavar="REGEX=STATE[*N]",
                    help="answer the first N (default 1) statements that match with SQLSTATE; STATE drop closes the connection")
    ap.add_argument("--latency", type=float, default=0, help="ms added to each client message group")
    args = ap.parse_args()
    for f in args.fail:
        rx, st = f.rsplit("=", 1)
        FAIL.append([re.compile(rx, re.I | re.S), st.split("*")[0], int(st.split("*")[1]) if "*" in st else 1])
    vsql.MULTI_VALUES = args.multi_values
    srv = await asyncio.start_server(client, *args.listen, limit=1 << 20)
    asyncio.get_running_loop().create_task(flush_log())
    print("ready", flush=True)
    async with srv: await srv.serve_forever()


if __name__ == "__main__":
    try: asyncio.run(main())
    except KeyboardInterrupt: pass
