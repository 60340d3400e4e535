"""A real IMAP server, Dovecot, on loopback, with one mailbox."""

import os
import pwd
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from tests.harness.command_line import free_port, wait_until

__all__ = ["DOVECOT", "IMAP_LOGIN", "open_imap_server"]

DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
IMAP_LOGIN = ("bounces", "correct-horse")
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/Maildir
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
default_internal_user = {internal}
default_internal_group = {internal}
default_login_user = {login}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
"""


@contextmanager
def open_imap_server() -> Iterator[tuple[int, Path]]:
    """The port of a server, and its folder, with the mailbox `Maildir` and its certificate
    authority, ca.pem."""
    with TemporaryDirectory() as name:  # pytest's own can be read by its user only
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        certificate = authority.issue_cert("localhost")
        certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
        for pem in certificate.cert_chain_pems:
            pem.write_to_path(str(folder / "cert.pem"), append=True)
        (folder / "dovecot.conf").write_text(_config(folder, port))
        command = [DOVECOT, "-F", "-c", str(folder / "dovecot.conf")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: _is_ready(port), timeout=20)
                yield port, folder
            finally:
                process.terminate()
                process.wait(timeout=20)


def _config(folder: Path, port: int) -> str:
    """As root, each part of the server has a user of its own, and so has the mailbox."""
    own = pwd.getpwuid(os.getuid())
    is_root = own.pw_uid == 0
    owner = pwd.getpwnam("mail") if is_root else own
    (folder / "Maildir").mkdir()
    if is_root:
        for path in (folder, folder / "Maildir"):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    return CONFIG.format(
        folder=folder, port=port, uid=owner.pw_uid, gid=owner.pw_gid, password=IMAP_LOGIN[1],
        internal="dovecot" if is_root else own.pw_name,
        login="dovenull" if is_root else own.pw_name,
    )  # fmt: skip


def _is_ready(port: int) -> bool:
    context = ssl._create_unverified_context()  # only to see whether it is there
    with (
        suppress(OSError),
        socket.create_connection(("127.0.0.1", port), timeout=1) as opened,
        context.wrap_socket(opened) as encrypted,
    ):
        return encrypted.recv(4) == b"* OK"
    return False
