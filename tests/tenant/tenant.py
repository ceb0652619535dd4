#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A stand-in for an Auth0 tenant: a real HTTPS server that issues tokens, and
misbehaves when a test tells it to.  See README.md beside this file."""

import argparse
import contextlib
import json
import os
import resource
import select
import signal
import sys

sys.dont_write_bytecode = True      # leave the source tree as it is

from standin import people                                      # noqa: E402
from standin.certificates import Certificates                   # noqa: E402
from standin.front import CONTROL_HOST, Front                   # noqa: E402
from standin.state import Tenant                                # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", required=True,
                        help="private directory of the caller: ca.pem and "
                        "ready are written there")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: choose one")
    parser.add_argument("--issuer", help="default: https://HOST:PORT/")
    parser.add_argument("--audience", default=people.AUDIENCE,
                        help="of tokens that ask for none (%(default)s)")
    parser.add_argument("--name", action="append", default=[],
                        help="one more name in the server certificate")
    parser.add_argument("--with-parent", nargs="?", type=int, const=0,
                        metavar="PID",
                        help="end when that process ends; default: the parent")
    return parser.parse_args()


def check_directory(path):
    """Others may read it, but what stands there is ours."""
    try:
        found = os.stat(path)
    except OSError as error:
        sys.exit("tenant: %s: %s" % (path, error.strerror))
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        sys.exit("tenant: %s has to belong to the caller, and nobody else "
                 "may write there" % path)


def write_ready(path, facts):
    """Whole or not at all, and for nobody else: it holds secrets."""
    temporary = "%s.%d" % (path, os.getpid())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(temporary, flags, 0o600), "w") as f:
        json.dump(facts, f, indent=1)
    os.rename(temporary, path)


def facts_of(tenant, front):
    clients = {name: {"client_id": client["client_id"]}
               for name, client in tenant.clients.items()}
    clients["machine"]["client_secret"] = tenant.client_secret
    return {
        "issuer": tenant.issuer, "port": front.port, "pid": os.getpid(),
        "ca": tenant.certificates.ca_path, "audience": tenant.audience,
        "control": {"url": "https://%s:%d/_control/" % (
            CONTROL_HOST, front.control_port), "key": tenant.control_key},
        "clients": clients, "password": tenant.password,
    }


def allow_descriptors():
    """A flood of clients needs more than the usual 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def start(options):
    """(tenant, front), which listens already."""
    directory = os.path.abspath(options.dir)
    host = "[%s]" % options.host if ":" in options.host else options.host
    names = ["127.0.0.1", "localhost"]
    names += [n for n in [options.host] + options.name if n not in names]
    tenant = Tenant(options.issuer, options.audience,
                    Certificates(directory, names))
    front = Front(tenant, options.host, options.port)
    if tenant.issuer is None:
        tenant.issuer = "https://%s:%d/" % (host, front.port)
    front.start()
    return tenant, front


def wait_for_end(parent):
    """Return at SIGTERM or SIGINT, or when that process is gone."""
    wake, woken = os.pipe()
    watched = [wake]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(woken, b"."))
    if parent is not None:
        try:
            watched.append(os.pidfd_open(parent or os.getppid()))
        except ProcessLookupError:
            return
    select.select(watched, [], [])


def main():
    options = arguments()
    if options.issuer is not None and not options.issuer.endswith("/"):
        sys.exit("tenant: the issuer of a tenant ends with /")
    check_directory(options.dir)
    ready = os.path.join(options.dir, "ready")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ready)
    allow_descriptors()
    tenant, front = start(options)
    write_ready(ready, facts_of(tenant, front))
    wait_for_end(options.with_parent)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(ready)
    os._exit(0)                 # threads may hang on command: no goodbye


if __name__ == "__main__":
    main()
