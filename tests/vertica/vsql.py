"""Vertica SQL -> PostgreSQL 15, or Refused.  One statement in, one Stmt out."""
import functools, re, zlib
import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, ParseError, TokenError, UnsupportedError

type(Dialect.get_or_raise("vertica")).PRESERVE_ORIGINAL_NAMES = True
MULTI_VALUES = False          # True: accept VALUES (..),(..) (see FACTS.md, INSERT)


class Refused(Exception):
    def __init__(self, state, msg):
        super().__init__(msg)
        self.state, self.msg = state, msg


class Stmt:                   # kind: begin commit rollback savepoint ddl truncate dml select set
    def __init__(self, kind, sql, table=None, lock=None, names=None, label="", post=()):
        self.kind, self.sql, self.table, self.lock, self.names, self.label, self.post = kind, sql, table, lock, names, label, post


def syntax(near, line=1, col=1):
    return Refused("42601", f'ERROR 4856:  Syntax error at or near "{near}" at character {col}')


def no_function(name):
    return Refused("42883", f"ERROR 3457:  Function {name} does not exist, or permission is denied for {name}")


def gate(msg):                # Vertica would take it, this gate cannot show what it does
    return Refused("0A000", "GATE: not emulated: " + msg)


# ---- what psqlODBC sends by itself; anything else must be Vertica SQL ---------------------------------
DRIVER = [re.compile(p, re.I | re.S) for p in (
    r"SET DateStyle = 'ISO'$", r"SET extra_float_digits = 2$", r"show transaction_isolation$",
    r"set client_encoding to '\w+'$", r"select oid, typbasetype from pg_type where typname = 'lo'$",
    r'DEALLOCATE "_?PLAN0x[0-9a-f]+"$', r"(SAVEPOINT|RELEASE|ROLLBACK TO) _(EXEC|per_query)_?(SVP|svp)_\w*$",
    r"select (relname|n\.nspname|ta\.attname|c\.relname|nspname|t\.typname|tgname|pt\.tgargs|proname)\b.*\bpg_(catalog\.)?\w+\b.*",
    r"select n\.nspname, c\.relname, a\.attname, a\.atttypid, .*", r"select NULL, nspname, NULL from pg_catalog\.pg_namespace n where true.*",
    r"SELECT pt\.tgargs,.*FROM pg_catalog\..*", r"select current_schema\(\)$",
    r"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL \w+( \w+)?$")]

# Functions of the Vertica SQL reference (a name that is not here does not exist: add it with its page)
VERTICA_FUNCS = set("""
approximate_count_distinct approximate_median approximate_percentile argmax argmin argmax_agg argmin_agg avg bit_and bit_or bit_xor bool_and
bool_or bool_xor corr count covar_pop covar_samp group_id grouping grouping_id listagg max min regr_avgx regr_avgy regr_count regr_intercept
regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp sum sum_float ts_first_value ts_last_value var_pop var_samp variance
conditional_change_event conditional_true_event cume_dist dense_rank exponential_moving_average first_value lag last_value lead median nth_value
ntile percent_rank percentile_cont percentile_disc rank row_number
add_months age_in_months age_in_years clock_timestamp current_date current_time current_timestamp date date_part date_trunc datediff day dayofmonth
dayofweek dayofweek_iso dayofyear days extract getdate getutcdate hour isfinite julian_day last_day localtime localtimestamp microsecond
midnight_seconds minute month months_between new_time next_day now overlaps quarter round second statement_timestamp sysdate time_slice timeofday
timestampadd timestampdiff timestamp_round timestamp_trunc transaction_timestamp trunc week week_iso year year_iso
to_bitstring to_char to_date to_hex to_number to_timestamp to_timestamp_tz
abs acos acosh asin asinh atan atan2 atanh cbrt ceiling ceil cos cosh cot degrees distance distancev exp floor hash ln log log10 mod pi power radians
random randomint randomint_crypto seeded_random sign sin sinh sqrt tan tanh width_bucket
coalesce ifnull isnull nullif nullifzero nvl nvl2 zeroifnull case cast
ascii bit_length bitcount bitstring_to_binary btrim character_length char_length chr collation concat decode edit_distance levenshtein_distance
greatest greatestb hex_to_binary hex_to_integer initcap initcapb insert instr instrb isutf8 jaro_distance jaro_winkler_distance least leastb left
length lower lowerb lpad ltrim makeutf8 md5 octet_length overlay overlayb position positionb quote_ident quote_literal quote_nullable repeat
replace right rpad rtrim sha1 sha224 sha256 sha384 sha512 soundex soundex_matches space split_part split_partb strpos strposb substr substrb
substring translate trim upper upperb uuid_generate inet_aton inet_ntoa v6_aton v6_ntoa
regexp_count regexp_ilike regexp_instr regexp_like regexp_not_ilike regexp_not_like regexp_replace regexp_substr match_columns
current_database current_schema current_session current_trans_id current_user dbname has_table_privilege last_insert_id session_user user username
version nextval currval close_session close_all_sessions close_user_sessions interrupt_statement set_client_label get_client_label
analyze_statistics analyze_statistics_partition analyze_constraints analyze_row_count audit copy_table export_objects export_tables export_catalog make_ahm_now get_ahm_epoch
get_last_good_epoch purge purge_table purge_partition purge_projection do_tm_task drop_partitions move_partitions_to_table copy_partitions_to_table
swap_partitions_between_tables partition_table calendar_hierarchy_day refresh start_refresh clear_caches get_compliance_status drop_statistics
evaluate_delete_performance get_config_parameter set_config_parameter mark_design_ksafe export_statistics import_statistics
apply_max apply_min apply_sum apply_avg array_cat array_contains array_count array_find array_length array_dims explode implode string_to_array to_json
maplookup maptostring mapjsonextractor mapkeys mapvalues mapsize mapcontainskey emptymap row interpolate any all some exists if
""".split())
# PostgreSQL spellings that sqlglot's Vertica dialect lets through (checked outside quotes)
PG_ONLY = re.compile(r"\bIS\s+(?:NOT\s+)?DISTINCT\s+FROM\b|\b(?:FROM|JOIN)\s+ONLY\b|\bMATERIALIZED\s+VIEW\b|\bTYPE\s+\w+[^;]*\bUSING\b|\bANY\s*\(\s*gate_p_"
                     r"|@>|<@|&&|#>|\bGROUPS\s+(?:BETWEEN|\d|UNBOUNDED|CURRENT)|::\s*(?:int2|int4|float4|regclass|oid|name|text|json\w*)\b|\b(?:xmin|xmax|ctid|tableoid)\b"
                     r"|\bEXISTS\s*\(\s*SELECT\s+FROM\b|\bFROM\s*\(\s*VALUES\b", re.I)
AGG_SYNTAX = re.compile(r"\b(string_agg|json_agg|jsonb_agg|json_object_agg|jsonb_object_agg|group_concat|generate_series|unnest)\s*\(", re.I)
NOT_VERTICA_NODES = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.JSONBExtractScalar, exp.JSONBContains,
                     exp.Explode, exp.Unnest, exp.GenerateSeries, exp.Filter, exp.NullSafeNEQ, exp.OnConflict, exp.Returning)
NOT_VERTICA_TYPES = {"JSON", "JSONB", "TEXT", "SERIAL", "BIGSERIAL", "SMALLSERIAL", "XML", "INET", "CIDR", "HSTORE",
                     "INT4RANGE", "TSTZRANGE", "OBJECT"}
COMPAT = set("""hash zeroifnull nullifzero timestampadd analyze_statistics export_objects make_ahm_now purge_table do_tm_task
current_session set_client_label get_client_label close_session interrupt_statement getdate add_months""".split())     # in compat.sql
LIT = r"(?:E?'(?:[^'\\]|''|\\[^'])*'|\$\d+|[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|NULL|TRUE|FALSE|DEFAULT)(?:::\w+(?:\(\d+(?:,\d+)?\))?)?"
TUPLE = re.compile(r"\(\s*" + LIT + r"(?:\s*,\s*" + LIT + r")*\s*\)", re.I)
INSERT = re.compile(r'\s*(INSERT\s+(?:/\*\+.*?\*/\s*)?INTO\s+([\w."]+)\s*(?:\([\w\s,"]*\)\s*)?VALUES)\s*', re.I | re.S)
LABEL = re.compile(r"/\*\+[^*]*?\blabel\s*\(\s*'?([^')]*)'?\s*\)", re.I)
TSDIFF = re.compile(r"('(?:[^']|'')*')|\bTIMESTAMPDIFF\s*\(", re.I)     # sqlglot makes one node of DATEDIFF and TIMESTAMPDIFF
PARAM = re.compile(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|\$(\d+)")


def split(text):
    """Statements of a multi-statement string (quotes, comments and dollar quotes respected)."""
    out, start, i, n = [], 0, 0, len(text)
    while i < n:
        c = text[i]
        if c in "'\"":
            j = i + 1
            while True:
                j = text.find(c, j)
                if j < 0: j = n; break
                if j + 1 < n and text[j + 1] == c: j += 2; continue
                break
            i = j + 1
        elif text.startswith("--", i):
            j = text.find("\n", i); i = n if j < 0 else j
        elif text.startswith("/*", i):
            j = text.find("*/", i + 2); i = n if j < 0 else j + 2
        elif c == ";":
            out.append(text[start:i]); start = i = i + 1
        else:
            m = re.compile(r"[^'\";/-]+").match(text, i); i = m.end() if m else i + 1
    out.append(text[start:])
    return [s.strip() for s in out if s.strip()]


def bulk(text):
    """'INSERT .. VALUES (lits);INSERT .. VALUES (lits);..' of one shape (an array-bound INSERT as psqlODBC sends it):
    one multi-row INSERT for the backend, as Vertica's driver makes one COPY of it.  (Stmt, rows) or None."""
    m = INSERT.match(text)
    if not m: return None
    head, pos, vals = text[:m.end()], m.end(), []
    nxt = ";" + head.lstrip()
    while True:
        t = TUPLE.match(text, pos)
        if not t: return None
        vals.append(t.group(0)); pos = t.end()
        if pos == len(text) or text[pos:].strip(" ;") == "" and len(text) - pos < 4: break
        if not text.startswith(nxt, pos): return None
        pos += len(nxt)
    if len(vals) < 2: return None
    arity = len(re.findall(LIT, vals[0], re.I))
    s = _translate(m.group(1) + " (" + ", ".join(["NULL"] * arity) + ")")
    return Stmt("dml", s.sql[:s.sql.rindex("VALUES")] + "VALUES " + ",".join(vals), s.table, label=s.label), len(vals)


def translate(text):
    m = INSERT.match(text)
    if not m and any(p.match(text) for p in DRIVER):
        return Stmt("driver", text)
    if m:                                                # bulk path: parse the shape once, pass the literals through
        t = TUPLE.match(text, m.end())
        if t:
            pos, rows = t.end(), 1
            while pos < len(text):
                sep = re.compile(r"\s*,\s*").match(text, pos)
                t2 = sep and TUPLE.match(text, sep.end())
                if not t2: break
                pos, rows = t2.end(), rows + 1
            if pos == len(text):
                if rows > 1 and not MULTI_VALUES:
                    raise syntax(",", col=t.end() + 1)
                arity = len(re.findall(LIT, t.group(0), re.I))
                s = _translate(m.group(1) + " (" + ", ".join(["NULL"] * arity) + ")")
                head = s.sql[:s.sql.rindex("VALUES")] + "VALUES "
                return Stmt("dml", head + text[m.end():], s.table, None, None, s.label)
    return _translate(text)


@functools.lru_cache(4096)
def _translate(text):
    m = LABEL.search(text)
    label = m.group(1) if m else ""
    src = PARAM.sub(lambda m: m.group(1) or f"gate_p_{m.group(2)}", text)
    up = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", " ", src, flags=re.S)).strip().upper()
    word = up.split(" ")[0] if up else ""
    if word in ("BEGIN", "START"): return Stmt("begin", "BEGIN")
    if word in ("COMMIT", "END"): return Stmt("commit", "COMMIT")
    if word in ("ROLLBACK", "ABORT") and " TO " not in up: return Stmt("rollback", "ROLLBACK")
    if word in ("SAVEPOINT", "RELEASE", "ROLLBACK"): return Stmt("savepoint", text)
    if word in ("SET", "SHOW"): return _set(text, up)
    m = re.match(r'LOCK (?:TABLE )?((?:\w+|"[^"]+")(?:\.(?:\w+|"[^"]+"))?) IN (\w[\w ]*?) MODE( NOWAIT)?$', re.sub(r"\s+", " ", src).strip(), re.I)
    if m:
        if m.group(2).upper() != "EXCLUSIVE": raise gate("LOCK TABLE in another mode than EXCLUSIVE")
        return Stmt("lock", f"LOCK TABLE {m.group(1).lower()} IN SHARE ROW EXCLUSIVE MODE{m.group(3) or ''}", label=label)
    if word == "COPY":
        raise gate("COPY (the Vertica driver streams LOCAL files, psqlODBC cannot; load with array-bound INSERT)")
    if word in ("CREATE", "ALTER", "DROP") and re.match(r"\w+ (RESOURCE POOL|USER|PROFILE|ACCESS POLICY|SUBNET|LOAD BALANCE|PROJECTION)", up):
        if "PROJECTION" not in up: raise gate(" ".join(up.split()[:3]))
    if re.match(r"CREATE (UNIQUE )?INDEX\b", up): raise syntax("INDEX" if "UNIQUE" not in up else "UNIQUE", col=8)
    if re.match(r"CREATE UNLOGGED", up): raise syntax("UNLOGGED", col=8)
    if word in ("VACUUM", "REINDEX", "CLUSTER", "LISTEN", "NOTIFY", "DO", "DECLARE", "FETCH", "PREPARE", "EXECUTE", "DEALLOCATE",
                "REFRESH", "CHECKPOINT", "VALUES", "LOCK"): raise syntax(word)
    bare = re.sub(r"'(?:[^']|'')*'", "''", src)
    m = AGG_SYNTAX.search(bare)
    if m: raise no_function(m.group(1).lower())
    m = PG_ONLY.search(bare)
    if m: raise syntax(m.group(0), col=m.start() + 1)
    src = re.sub(r"/\*\+.*?\*/", " ", src, flags=re.S)     # Vertica ignores hints it cannot read
    src = TSDIFF.sub(lambda m: m.group(1) or "gate_tsdiff(", src)
    try:
        trees = sqlglot.parse(src, dialect="vertica", error_level=ErrorLevel.RAISE)
    except ParseError as e:
        err = (e.errors or [{}])[0]
        raise Refused("42601", f'ERROR 4856:  Syntax error at or near "{err.get("highlight") or "end of input"}" at character '
                               f'{err.get("col", 1)} [{err.get("description", str(e))}]')
    except TokenError as e:
        raise Refused("42601", f"ERROR 4856:  Syntax error ({e})")
    trees = [t for t in trees if t is not None]
    if len(trees) != 1: raise syntax(";")
    tree = trees[0]
    if isinstance(tree, exp.Command):
        if re.match(r"ALTER TABLE [\w.\"]+ (OWNER TO \w+|SET SCHEMA \w+)$", up): return Stmt("ddl", text)
        if word == "ALTER": raise gate("this form of " + " ".join(up.split()[:2]))
        raise syntax(word)
    _deny(tree)
    return _emit(tree, text, label)


def _deny(tree):
    for n in tree.walk():
        if isinstance(n, NOT_VERTICA_NODES): raise syntax(n.key.upper())
        if isinstance(n, exp.Is) and isinstance(n.expression, exp.Distinct) or n.key == "nullsafeneq": raise syntax("DISTINCT")
        if isinstance(n, exp.DataType):
            t = n.this.value if hasattr(n.this, "value") else str(n.this)
            if t.upper() in NOT_VERTICA_TYPES or t.upper() == "USERDEFINED" and str(n.args.get("kind", "")).upper() in NOT_VERTICA_TYPES:
                raise Refused("42704", f'ERROR 5108:  Type "{t.lower()}" does not exist')
            for p in n.find_all(exp.DataTypeParam):
                size = p.this.name
                if size.isdigit() and t == "VARCHAR" and int(size) > 32000000: raise Refused("22023", f"length for type varchar cannot exceed 65000")
        if isinstance(n, exp.Func) or isinstance(n, exp.Anonymous):
            orig = (n.name if isinstance(n, exp.Anonymous) else n.meta.get("name") or "").lower()
            if orig and orig not in VERTICA_FUNCS and orig != "gate_tsdiff" and not n.find_ancestor(exp.Hint): raise no_function(orig)
        if isinstance(n, exp.Table):
            if n.db.lower() in ("pg_catalog", "information_schema", "vgate") or (not n.db and n.name.lower().startswith("pg_")):
                raise Refused("42V01", f'ERROR 4566:  Relation "{n.sql()}" does not exist')
        if isinstance(n, exp.Identifier):
            if len(n.name.encode()) > 128: raise Refused("42622", f'Identifier "{n.name}" is more than 128 octets')
            if len(n.name.encode()) > 63: raise gate(f'identifier "{n.name}" is longer than PostgreSQL\'s 63 octets')


def _fix(n):
    """Vertica meaning where PostgreSQL's differs."""
    if isinstance(n, exp.Identifier) and n.args.get("quoted"):
        n.set("this", n.name.lower())                    # names compare without case
    k = type(n).__name__
    # LONG VARCHAR(n), LONG VARBINARY(n), VARBINARY(n) in a cast: PostgreSQL's text and bytea have no length
    if k == "DataType" and n.expressions:
        long = {"LONGTEXT": "TEXT", "LONGBLOB": "VARBINARY", "VARBINARY": "VARBINARY"}.get(getattr(n.this, "value", ""))
        if long: return exp.DataType(this=exp.DataType.Type[long])
    if k == "TsOrDsDiff":                                 # holds (end, start)
        return exp.Anonymous(this="vgate.datediff", expressions=[exp.Literal.string(n.args["unit"].name.lower()), n.expression, n.this])
    if isinstance(n, exp.Anonymous) and n.name.lower() == "gate_tsdiff" and len(n.expressions) == 3:
        return exp.Anonymous(this="vgate.timestampdiff", expressions=[exp.Literal.string(n.expressions[0].name.lower()), *n.expressions[1:]])
    if isinstance(n, exp.Anonymous):
        low = n.name.lower()
        if low == "version": return exp.Literal.string("Vertica Analytic Database v24.3.0-gate")
        if low == "current_database": return exp.Anonymous(this="current_database", expressions=[])
        if low == "hash": return exp.Anonymous(this="vgate.hash", expressions=[exp.cast(exp.Anonymous(this="ROW", expressions=n.expressions), "text")])
        if low == "approximate_count_distinct": return exp.Count(this=exp.Distinct(expressions=n.expressions))
        if low == "isnull": return exp.Coalesce(this=n.expressions[0], expressions=n.expressions[1:])
        if low in COMPAT: return exp.Anonymous(this="vgate." + low, expressions=n.expressions)
    if k == "ApproxDistinct": return exp.Count(this=exp.Distinct(expressions=[n.this]))
    if k == "CurrentVersion" or k == "Version": return exp.Literal.string("Vertica Analytic Database v24.3.0-gate")
    return n


def _pg(node):
    node = node.transform(_fix)
    try:
        out = node.sql("postgres", unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as e:
        if "Hint" in str(e): out = node.sql("postgres", unsupported_level=ErrorLevel.IGNORE)
        else: raise gate(str(e))
    except ValueError as e:
        raise gate(str(e))
    return re.sub(r"\bgate_p_(\d+)\b", r"$\1", out, flags=re.I)


def _names(tree):
    sel = tree
    while isinstance(sel, (exp.Union, exp.Except, exp.Intersect, exp.Subquery)): sel = sel.this
    if not isinstance(sel, exp.Select) or sel.is_star or any(e.find(exp.Star) and not isinstance(e, exp.Alias) and isinstance(e, (exp.Star, exp.Column)) for e in sel.expressions):
        return None
    out = []
    for e in sel.expressions:
        out.append(e.alias if isinstance(e, exp.Alias) else e.name if isinstance(e, exp.Column) else
                   "?column?" if not isinstance(e, (exp.Func, exp.Window)) else None)
    return tuple(out)


def _tname(t):
    return exp.table_(t.name.lower(), t.db.lower() or None, quoted=True).sql("postgres") if isinstance(t, exp.Table) else None


def _emit(tree, text, label):
    cls = type(tree).__name__
    if cls == "CreateProjection": return _projection(tree, text, label)
    if re.match(r"\s*DROP\s+PROJECTION", text, re.I):
        return Stmt("ddl", 'DROP VIEW IF EXISTS ' + ", ".join(f'vgate."{t.db.lower() or "public"}.{t.name.lower()}"' for t in tree.find_all(exp.Table)))
    if isinstance(tree, exp.Create): return _create(tree, label)
    if cls == "AlterTablePartition": return Stmt("ddl", f"ANALYZE {_tname(tree.find(exp.Table))}", label=label)
    if cls == "CommentOn" or isinstance(tree, exp.Comment): return Stmt("ddl", text)
    if isinstance(tree, exp.TruncateTable): return Stmt("truncate", _pg(tree), label=label)
    if cls.startswith("Drop") and re.match(r"\s*DROP\s+(SCHEMA|TABLE|VIEW|SEQUENCE|ROLE)\b", text, re.I):
        return Stmt("ddl", re.sub(r'"([^"]*)"', lambda m: m.group(0).lower(), text), label=label)
    if isinstance(tree, exp.Alter): return _alter(tree, label)
    if isinstance(tree, exp.Drop): return Stmt("ddl", _pg(tree), label=label)
    if isinstance(tree, (exp.Grant,)) or cls == "Revoke": return Stmt("ddl", _pg(tree), label=label)
    if isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
        t = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        ins = isinstance(tree, exp.Insert)
        if ins and isinstance(tree.expression, exp.Values) and len(tree.expression.expressions) > 1 and not MULTI_VALUES:
            raise syntax(",")
        return Stmt("dml", _pg(tree), _tname(t), None if ins else _tname(t), None, label)
    if cls in ("Explain", "ProfileStatement") or isinstance(tree, exp.Describe):
        inner = text.split(None, 1)[1]
        return Stmt("select", "EXPLAIN " + _translate(inner).sql if cls == "Explain" else _translate(inner).sql, label=label)
    if isinstance(tree, exp.Query):
        if tree.args.get("into"): raise gate("SELECT INTO TABLE")
        return Stmt("select", _pg(tree), names=_names(tree), label=label)
    raise gate("statement " + cls)


def _projection(tree, text, label):
    """A view of the same SELECT: checks tables and columns, blocks DROP TABLE without CASCADE, lists in v_catalog.projections."""
    name = tree.find(exp.Table)
    sel = tree.find(exp.Select)
    if sel is None: raise gate("this form of CREATE PROJECTION")
    sel = sel.copy(); sel.set("order", None)
    for a in list(sel.args):
        if "segment" in a.lower(): sel.set(a, None)
    ine = "OR REPLACE " if tree.args.get("exists") else ""
    return Stmt("ddl", f'CREATE {ine}VIEW vgate."{name.db.lower() or "public"}.{name.name.lower()}" AS {_pg(sel)}', label=label)


def _create(tree, label):
    kind = (tree.args.get("kind") or "").upper()
    if kind in ("SCHEMA", "SEQUENCE", "VIEW", "ROLE"): return Stmt("ddl", _pg(tree), label=label)
    if kind != "TABLE": raise gate("CREATE " + kind)
    props = tree.args.get("properties")
    plist = list(props.expressions) if props else []
    pn = {type(p).__name__ for p in plist}
    temp = any("Temporary" in p or "Temp" in p for p in pn)
    if any("Global" in p for p in pn): raise gate("GLOBAL TEMPORARY TABLE (PostgreSQL has none)")
    keep_rows = any(isinstance(p, exp.OnCommitProperty) and not p.args.get("delete") for p in plist)
    if temp and not any("Temporary" in p or "Temp" in p for p in pn): raise gate("temporary table form")
    schema = tree.this if isinstance(tree.this, exp.Schema) else None
    table = tree.this.this if schema else tree.this
    like = next((p for p in plist if isinstance(p, exp.LikeProperty)), None)
    name = _tname(table)
    ine = "IF NOT EXISTS " if tree.args.get("exists") else ""
    oncommit = f" ON COMMIT {'PRESERVE' if keep_rows else 'DELETE'} ROWS" if temp else ""
    head = f"CREATE {'TEMP ' if temp else ''}TABLE {ine}{name}"
    k = "temp" if temp else "ddl"
    if like: return Stmt(k, f"{head} (LIKE {_tname(like.this)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS){oncommit}", label=label)
    if tree.expression is not None:
        cols = f" ({', '.join(e.name.lower() for e in schema.expressions)})" if schema else ""
        return Stmt(k, f"{head}{cols}{oncommit} AS {_pg(tree.expression)}", label=label)
    items, pk = [], []
    for e in schema.expressions if schema else []:
        if isinstance(e, exp.ColumnDef): items.append(_column(e, pk))
        else: _constraint(e, items, pk)
    quoted_pk = {_quoted(k) for k in pk}
    items = [i.replace("\0NN", " NOT NULL" if i[:i.index("\0NN")].rsplit('" ', 1)[0] + '"' in quoted_pk and "NOT NULL" not in i else "")
             if "\0NN" in i else i for i in items]
    have, post = {e.name.lower() for e in schema.expressions if isinstance(e, exp.ColumnDef)}, []
    for p in plist:
        for c in p.find_all(exp.Column):
            if c.name.lower() not in have: raise Refused("42703", f'ERROR 2624:  Column "{c.name}" does not exist')
        if "Partition" in type(p).__name__:               # PostgreSQL judges the expression: types, and that it is immutable
            x = p.args.get("this") or p.args.get("expression")
            if x is not None and not temp:
                items.append(f"CONSTRAINT vgate_partition CHECK (({_pg(x)}) IS NOT NULL)")
                i = f"vgate_part_{table.name.lower()}"[:60]
                sch = f"{table.db.lower()}." if table.db else ""
                post = [f"CREATE INDEX IF NOT EXISTS {i} ON {name} (({_pg(x)}))", f"DROP INDEX {sch}{i}"]
    return Stmt(k, f"{head} ({', '.join(items)}){oncommit}", label=label, post=post)


def _enabled(node):
    return bool(re.search(r"\bENABLED\b", node.sql("vertica").upper()))


def _constraint(e, items, pk):
    s = e.sql("vertica")
    up = s.upper()
    cols = [i.name.lower() for i in e.find_all(exp.Identifier)]
    if "PRIMARY KEY" in up or "UNIQUE" in up:
        m = re.search(r"\(([^)]*)\)", s)
        names = [c.strip().strip('"').split(" ")[0].lower() for c in m.group(1).split(",")] if m else cols
        if "PRIMARY KEY" in up: pk += names
        if _enabled(e): items.append(("PRIMARY KEY (" if "PRIMARY KEY" in up else "UNIQUE (") + ", ".join(map(_quoted, names)) + ")")
    elif "CHECK" in up and "DISABLED" not in up:
        chk = e.find(exp.CheckColumnConstraint)
        if chk: items.append(f"CHECK ({_pg(chk.this)})")


def _quoted(name):
    return exp.to_identifier(name, quoted=True).sql("postgres")


def _alter(tree, label):
    """ADD COLUMN and ALTER COLUMN .. SET DATA TYPE: the octets of a type are a constraint here."""
    t = _tname(tree.this)
    post, acts = [], []
    for a in tree.args.get("actions") or []:
        if isinstance(a, exp.ColumnDef): acts.append("ADD COLUMN " + _column(a, []).replace("\0NN", ""))
        elif isinstance(a, exp.AlterColumn) and a.args.get("dtype") is not None:
            name = a.name.lower()
            pg, con = _column(exp.ColumnDef(this=exp.to_identifier(name), kind=a.args["dtype"]), []).split("\0NN")
            acts.append(f"ALTER COLUMN {_quoted(name)} TYPE {pg[len(_quoted(name)) + 1:]}")
            post.append("DO $gate$ DECLARE k text; BEGIN FOR k IN SELECT conname FROM pg_constraint WHERE conrelid = "
                        f"$q${t}$q$::regclass AND conname LIKE 'vgate\\_octets\\_%' AND conkey = (SELECT ARRAY[attnum] FROM pg_attribute "
                        f"WHERE attrelid = conrelid AND attname = $q${name}$q$) LOOP EXECUTE format('ALTER TABLE {t} DROP CONSTRAINT %I', k); "
                        "END LOOP; END $gate$")
            if con: post.append(f"ALTER TABLE {t} ADD{con}")
        else: return Stmt("ddl", _pg(tree), label=label)
    if not acts: return Stmt("ddl", _pg(tree), label=label)
    return Stmt("ddl", f"ALTER TABLE {t} " + ", ".join(acts), label=label, post=post)


def _column(c, pk):
    name = c.name.lower()
    t = c.kind
    tn = t.this.value if t is not None and hasattr(t.this, "value") else str(t).upper() if t is not None else ""
    raw = t.sql("vertica").upper() if t is not None else ""
    params = [p.this.name for p in (t.find_all(exp.DataTypeParam) if t is not None else [])]
    octets = None
    if "IDENTITY" in raw or "AUTO_INCREMENT" in raw: pg = "BIGINT GENERATED ALWAYS AS IDENTITY"
    elif raw.startswith("LONG VARCHAR"): octets = int(params[0]) if params else 1 << 20; pg = "TEXT"
    elif raw.startswith("LONG VARBINARY") or tn in ("VARBINARY", "BINARY") or "BYTEA" in raw:
        octets = int(params[0]) if params else 1 << 20 if raw.startswith("LONG") else 80; pg = "BYTEA"
    elif tn in ("VARCHAR", "NVARCHAR"): octets = int(params[0]) if params else 80; pg = f"VARCHAR({octets})"
    elif tn in ("CHAR", "NCHAR"): octets = int(params[0]) if params else 1; pg = f"CHAR({octets})"
    elif tn in ("TINYINT", "SMALLINT", "INT", "BIGINT", "INTEGER"): pg = "BIGINT"
    elif tn == "DECIMAL": pg = f"NUMERIC({','.join(params) or '37,15'})"
    elif tn in ("FLOAT", "DOUBLE", "REAL"): pg = "DOUBLE PRECISION"
    else: pg = _pg(t)
    if tn in ("VARCHAR", "CHAR") and octets and octets > 65000: raise Refused("22023", "ERROR 3852:  Length for type varchar cannot exceed 65000")
    out = f'{_quoted(name)} {pg}\0NN'
    for cons in c.args.get("constraints") or []:
        k = cons.kind
        ks = cons.sql("vertica").upper()
        if isinstance(k, exp.NotNullColumnConstraint): out += " NULL" if k.args.get("allow_null") else " NOT NULL"
        elif isinstance(k, exp.DefaultColumnConstraint): out += f" DEFAULT {_pg(k.this)}"
        elif isinstance(k, exp.PrimaryKeyColumnConstraint):
            pk.append(name)
            if _enabled(cons): out += " PRIMARY KEY"
        elif isinstance(k, exp.UniqueColumnConstraint):
            if _enabled(cons): out += " UNIQUE"
        elif isinstance(k, exp.CheckColumnConstraint):
            out += (f" CONSTRAINT {_quoted(cons.this.name.lower())}" if cons.this else "") + f" CHECK ({_pg(k.this)})"
        elif "ENCODING" in ks or "ACCESSRANK" in ks or "REFERENCES" in ks or "ENABLED" in ks or "DISABLED" in ks: pass
    if octets:
        con = exp.to_identifier(f"vgate_octets_{octets}_{name[:20]}_{zlib.crc32(name.encode()):08x}", quoted=True).sql("postgres")
        out += f" CONSTRAINT {con} CHECK (octet_length({_quoted(name)}) <= {octets})"
    return out


def _set(text, up):
    body = up.split(" ", 1)[1] if " " in up else ""
    if up.startswith("SHOW"):
        if re.match(r"(SEARCH_PATH|TIMEZONE|DATESTYLE|AUTOCOMMIT|LOCALE|TRANSACTION_ISOLATION|ALL|CURRENT\b.*|SESSION\b.*)$", body):
            if body == "SEARCH_PATH": return Stmt("select", "SELECT 'search_path' AS name, current_setting('search_path') AS setting")
            return Stmt("select", f"SELECT '{body.lower()}' AS name, '' AS setting")
        raise syntax(body)
    m = re.match(r"SET SEARCH_PATH\s*(?:TO|=)\s*(.+)$", text.strip(), re.I | re.S)
    if m: return Stmt("set", f"SET search_path TO {m.group(1)}, v_catalog, v_monitor, vgate")
    if re.match(r"(TIME ZONE|TIMEZONE) ", body):
        z = re.match(r"SET\s+TIME\s*ZONE\s+(?:TO\s+|=\s*)?(.+)$", text.strip(), re.I | re.S)
        return Stmt("set", f"SET TIME ZONE {z.group(1)}")
    if re.match(r"SESSION CHARACTERISTICS AS TRANSACTION ", body): return Stmt("set", text)
    if re.match(r"(SESSION (AUTOCOMMIT|RESOURCE_POOL|RUNTIMECAP|IDLESESSIONTIMEOUT|GRACEPERIOD|MEMORYCAP|TEMPSPACECAP|WORKLOAD|MULTIPLEACTIVERESULTSETS|PARAMETER|UDPARAMETER)\b|LOCALE\b|DATESTYLE\b|ROLE\b|INTERVALSTYLE\b|ESCAPE_STRING_WARNING\b|STANDARD_CONFORMING_STRINGS\b)", body):
        m = re.match(r"SET SESSION RUNTIMECAP\s*(?:TO\s+|=\s*)?'([^']*)'", text.strip(), re.I)
        if m: return Stmt("set", f"SET statement_timeout = {_ms(m.group(1))}")
        return Stmt("set", "SET vgate.noop = ''")
    raise syntax(body.split(" ")[0])


def _ms(s):
    m = re.match(r"(\d+)\s*(ms|milli|s|m|h)", s.strip(), re.I)
    return int(m.group(1)) * {"ms": 1, "milli": 1, "s": 1000, "m": 60000, "h": 3600000}[m.group(2).lower()] if m else 0
