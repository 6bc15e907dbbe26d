"""Who may come in: sockets, secrets, files, and what data may do to the page."""

from __future__ import annotations

import contextlib
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import zmq
from pages import logs, rows_of
from session import Session
from victim import companion, line_of, processes, until

pytestmark = pytest.mark.spark
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


#: All that makes PySpark open its callback server, alive for all tests of this file.
CALLED_BACK = """%%python
import os
from pyspark.streaming import StreamingContext
from pyspark.sql.streaming import StreamingQueryListener
class Listener(StreamingQueryListener):
    def onQueryStarted(self, event): pass
    def onQueryProgress(self, event): pass
    def onQueryIdle(self, event): pass
    def onQueryTerminated(self, event): pass
spark.streams.addListener(Listener())
batches = spark.readStream.format("rate").load().writeStream.foreachBatch(lambda f, n: None).start()
streaming = StreamingContext(sc, 60)
streaming.queueStream([sc.parallelize([1])]).foreachRDD(lambda rdd: None)
streaming.start()
class Job:
    done = 0
    def run(self): Job.done += 1
    class Java: implements = ["java.lang.Runnable"]
job, kept = Job(), sc._jvm.java.util.ArrayList()
kept.add(job)  # a thread that has ended lets go of it
thread = sc._jvm.java.lang.Thread(job)
thread.start()
thread.join()
Job.done == 1
"""


@pytest.fixture(scope="module")
def watched(specs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A kernel with all its processes running: JVM, PySpark's daemon and workers, R."""
    log = tmp_path_factory.mktemp("log") / "front"
    with open(log, "wb") as file, Session("toree_scala", stdout=file, stderr=file) as session:
        session.run("spark.range(10).repartition(3).count()")
        code = "%%python\nsc.parallelize(range(4), 2).map(lambda x: x + 1).sum()"
        assert session.run(code).result == "10"
        session.run("%%r\n1")
        assert session.run(CALLED_BACK).result == "True"
        session.front_log = log  # type: ignore[attr-defined]
        yield session


def secret(session: Session) -> str:
    code = "%%python\nget_ipython().kernel.host.companion.address[1]"
    found = str(session.run(code).result).strip("'")
    assert len(found) == 64
    return found


def listening(session: Session) -> list[tuple[psutil.Process, str, int]]:
    return [(p, ip, port) for p in processes(session) for ip, port in listens(p)]


def listens(process: psutil.Process) -> list[tuple[str, int]]:
    with contextlib.suppress(psutil.Error):  # a worker that has just ended
        found = process.net_connections(kind="inet")
        return [(c.laddr.ip, c.laddr.port) for c in found if c.status == psutil.CONN_LISTEN]
    return []


def test_every_socket_is_on_loopback(watched: Session) -> None:
    found = listening(watched)
    jvm = companion(watched)
    assert {p.pid for p, _, _ in found} >= {watched.pid, jvm.pid}
    assert [(p.name(), ip, port) for p, ip, port in found if ip not in LOOPBACK] == []


def test_every_other_socket_is_unix_and_private(watched: Session) -> None:
    """Files that stand for sockets (PySpark's own, where it uses them) are this user's alone."""
    for process in processes(watched):
        for c in process.net_connections(kind="unix"):
            path = Path(str(c.laddr))
            if c.laddr and path.is_absolute() and path.exists():
                private = path.stat().st_mode & 0o077 == 0
                assert private or path.parent.stat().st_mode & 0o077 == 0, path


def said(port: int, *data: bytes, ip: str = "127.0.0.1") -> bytes:
    """What a port answers to bytes, until it is silent for half a second or hangs up."""
    got = b""
    with contextlib.suppress(OSError), socket.create_connection((ip, port), timeout=5) as sock:
        sock.settimeout(0.5)
        for part in data:
            sock.sendall(part)
        while chunk := sock.recv(4096):
            got += chunk
    return got


def test_the_gateway_wants_its_secret(watched: Session) -> None:
    key = secret(watched)
    port = int(watched.run("%%python\nget_ipython().kernel.host.companion.address[0]").result)
    call = b"c\nt\nping\ne\n"
    assert b"spark" in said(port, f"A\n{key}\n".encode(), call)  # the test's own test
    for first in (b"", b"A\nwrong\n", f"A\n{key[:-2]}zz\n".encode(), b"A\n\n"):
        answer = said(port, first, call)
        assert b"spark" not in answer
        assert b"!yv" not in answer
    assert watched.run("6*7").result == "42"


def test_pysparks_callback_server_wants_its_secret(watched: Session) -> None:
    """What Python has handed to the JVM runs in Python: a Runnable, a pickle serializer."""
    port, token, own = json.loads(
        watched.run(
            "%%python\nimport json\nserver = sc._gateway._callback_server\n"
            "pool = sc._gateway.gateway_property.pool.dict\n"
            "job = next(name for name, value in pool.items() if isinstance(value, Job))\n"
            "print(json.dumps([server.get_listening_port(), "
            "sc._gateway.callback_server_parameters.auth_token, job]))"
        ).text("stdout")
    )
    assert token != secret(watched)
    call = f"c\n{own}\nrun\ne\n".encode()
    for first in (b"", b"A\nwrong\ne\n", b"A\n\ne\n", f"A\n{secret(watched)}\ne\n".encode()):
        said(port, first, call)
        assert watched.run("%%python\nJob.done").result == "1"
    assert b"!yv" in said(port, f"A\n{token}\ne\n".encode(), call)  # the test's own test
    # The first answer is to the secret: the call may still be under way.
    until(lambda: watched.run("%%python\nJob.done").result == "2")


def test_py4js_log_does_not_tell_the_secret(watched: Session) -> None:
    said_at_debug = watched.run("""%%python
import io, logging, threading
log, py4j = io.StringIO(), logging.getLogger("py4j")
handler, level = logging.StreamHandler(log), py4j.level
py4j.addHandler(handler)
py4j.setLevel(logging.DEBUG)
threads = [
    threading.Thread(target=lambda: sc._jvm.java.lang.Math.abs(-3)),
    threading.Thread(target=lambda: get_ipython().kernel.host.companion.ask("ping")),
]
for thread in threads: thread.start()
for thread in threads: thread.join()
py4j.setLevel(level)
py4j.removeHandler(handler)
print(log.getvalue())
""").text("stdout")
    assert "Command to send: A\n...\n" in said_at_debug
    assert secret(watched) not in said_at_debug


def test_sparks_own_ports_want_a_secret(watched: Session) -> None:
    assert watched.run('sc.getConf.get("spark.authenticate")').result == "true"
    assert watched.run('sc.getConf.contains("spark.authenticate.secret")').result == "false"


def test_pickles_are_not_read_from_strangers(watched: Session, tmp_path: Path) -> None:
    """PySpark's accumulator server and workers: a wrong secret first, then a pickle that acts."""
    mark = tmp_path / "executed"
    evil = f"cos\nsystem\n(S'touch {mark}'\ntR.".encode()
    framed = len(evil).to_bytes(4, "big") + evil
    for _, ip, port in listening(watched):
        for first in (b"", b"x" * 64, (64).to_bytes(4, "big") + b"x" * 64):
            said(port, first, framed, evil, ip=ip.replace("::ffff:", ""))
    assert not mark.exists()
    assert (
        watched.run("%%python\nsc.parallelize(range(4), 2).map(lambda x: x + 1).sum()").result
        == "10"
    )


def test_noise_on_every_socket(watched: Session) -> None:
    noise = random.Random(6)
    for _ in range(5):
        for _, ip, port in listening(watched):
            said(port, noise.randbytes(noise.randrange(1, 5000)), ip=ip.replace("::ffff:", ""))
    assert watched.run("6*7").result == "42"
    assert watched.run("%%python\nspark.range(7).count()").result == "7"


def test_unsigned_malformed_and_replayed_messages(watched: Session) -> None:
    session, ports = watched.client.session, watched.client.get_connection_info()
    with zmq.Context() as context, context.socket(zmq.DEALER) as shell:
        shell.setsockopt(zmq.LINGER, 0)
        shell.connect(f"tcp://127.0.0.1:{ports['shell_port']}")
        content = {"code": "%%python\nreplayed = globals().get('replayed', 0) + 1", "silent": False}
        good = session.serialize(session.msg("execute_request", content))
        at = good.index(b"<IDS|MSG>")
        forged = [*good]
        forged[at + 1] = b"0" * len(forged[at + 1])
        for message in (
            forged,
            [b"<IDS|MSG>"],
            [b"<IDS|MSG>", b"", b"{}", b"{}", b"{}", b"{}"],
            [b"nothing"],
            [*good[: at + 2], b"{", b"{", b"{", b"{"],
        ):
            shell.send_multipart(message)
        for _ in range(3):
            shell.send_multipart(good)
        assert watched.run("6*7").result == "42"
        assert watched.run("%%python\nreplayed").result == "1"


def test_the_secret_is_nowhere_to_be_read(watched: Session, specs: Path) -> None:
    key = secret(watched)
    signing = json.loads(Path(watched.manager.connection_file).read_text())["key"]
    for word in (key, signing):
        for process in processes(watched):
            assert word not in " ".join(process.cmdline())
            assert word not in "\n".join(f"{k}={v}" for k, v in process.environ().items())
        for spec in specs.rglob("kernel.json"):
            assert word not in spec.read_text()
        for log in (*logs(watched), watched.front_log):  # type: ignore[attr-defined]
            assert word not in log.read_text(errors="replace")
    assert (
        watched.run("%%python\nimport os; [k for k in os.environ if 'SECRET' in k]").result == "[]"
    )
    for code in ("1/0", "%%python\n1/0", "%%sql\nselect * from nowhere", "%%python\nsc._jvm.no()"):
        ran = watched.run(code)
        assert ran.status == "error"
        assert key not in ran.traceback


KNOWN = """%%python
from pyspark.java_gateway import ensure_callback_server_started
ensure_callback_server_started(sc._gateway)
backend = sc._jvm.org.apache.spark.api.r.RBackend().init()  # what R does to attach SparkR
import debugpy; _, adapter = debugpy.listen(("127.0.0.1", 0))  # as ipykernel for a debugger
core, host, thread = sc._jsc.sc(), get_ipython().kernel.host, get_ipython().kernel.iopub_thread
known = {
    host.companion.address[0]: "Py4J gateway",
    sc._accumulatorServer.server_address[1]: "PySpark's accumulator server",
    sc._gateway.get_callback_server().get_listening_port(): "PySpark's callback server",
    thread._pipe_port: "ipykernel's pipe",
    int(core.conf().get("spark.driver.port")): "Spark's driver and block manager",
    core.statusTracker().getExecutorInfos()[0].port(): "Spark's driver and block manager",
    int(core.uiWebUrl().get().rpartition(":")[2]): "Spark UI",
    backend._1(): "SparkR's backend",
    adapter: "debugpy",
}
import json; print(json.dumps(known))
"""


def test_every_socket_is_in_the_table(watched: Session) -> None:
    """With all open that can be: a debugger, PySpark's callbacks, SparkR's backend."""
    ran = watched.run(KNOWN)
    assert ran.status == "ok", ran.traceback
    known = {int(port): name for port, name in json.loads(ran.text("stdout")).items()}
    five = {p for n, p in watched.client.get_connection_info().items() if n.endswith("_port")}
    found, strangers = set(), []
    [adapter] = [  # no child of the kernel's
        process
        for process in psutil.process_iter()
        if any(known.get(port) == "debugpy" for _, port in listens(process))
    ]
    beside = [(adapter, ip, port) for ip, port in listens(adapter)]
    assert all(ip in LOOPBACK for _, ip, _ in beside)
    for process, ip, port in (*listening(watched), *beside):
        line = " ".join(line_of(process))
        name = (
            known.get(port)
            or ("Jupyter's five ZeroMQ ports" if port in five else "")
            or ("debugpy" if "debugpy" in line else "")
            or ("one port (Spark's own)" if "pyspark.daemon" in line else "")
        )
        found.add(name)
        if not name:
            strangers.append((line[-80:], ip, port))
    assert strangers == []
    # And the other way: what the table says of this kernel's processes is there.
    rows = [
        row[1]
        for row in rows_of("## Sockets")
        if row[0] in ("kernel", "companion JVM", "PySpark's daemon")
        and not any(guest in row[1] for guest in ("sparklyr", "Spark Connect"))  # not opened here
    ]
    assert [name for name in found if not any(row.startswith(name) for row in rows)] == []
    assert [row for row in rows if not any(row.startswith(name) for name in found)] == []
