# SPDX-License-Identifier: BSD-2-Clause
"""The control interface: POST /_control/NAME with a JSON object of options.

Answers are JSON objects.  Wrong options give 400 with {"error": text}.
"""

import json

from cryptography.hazmat.primitives import serialization

from standin import documents, faults, grants, limits, people, tokens
from standin.keys import ALGORITHMS
from standin.options import BadOption, one_of, override, read
from standin.state import SETTINGS
from standin.wire import Response

CERTIFICATE = {"kind": ("text", "good"), "names": ("words", None),
               "tls": ("text", None)}
API_ALGORITHMS = ALGORITHMS + ["HS256", "HS384", "HS512"]
API = {"identifier": ("text", None),
       "profile": (one_of("auth0", "rfc9068"), "auth0"),
       "alg": (one_of(*API_ALGORITHMS), "RS256"),
       "lifetime": ("integer", 86400), "encrypted": ("flag", False),
       "scopes": ("text", "login")}


def needed(options, *names):
    for name in names:
        if options[name] is None:
            raise BadOption("option %r is needed" % name)


def mint(front, tenant, given):
    token, claims = tokens.mint(tenant, given)
    return {"token": token, "claims": claims}


def fault(front, tenant, given):
    tenant.faults.add(given)
    return {"faults": tenant.faults.names()}


def connection(front, tenant, given):
    """A fault of the next connections, below HTTP."""
    if given.get("action") == "refuse":
        read({"action": ("text", None)}, given)
        front.refuse()
    else:
        tenant.connection_faults.add(given)
    front.drop_connections()
    return {"faults": tenant.connection_faults.names()}


def clear(front, tenant, given):
    """End faults: those of one path, or all, of connections too."""
    path = read({"path": ("text", None)}, given)["path"]
    if path is not None:
        tenant.faults.clear(faults.full_path(path))
    else:
        tenant.faults.clear()
        tenant.connection_faults.clear()
        front.listen()
    return {"faults": tenant.faults.names()}


def rotate(front, tenant, given):
    o = read({"keep_previous": ("flag", True)}, given)
    tenant.keys.rotate(o["keep_previous"])
    return {"keys": tenant.keys.names()}


def key(front, tenant, given):
    """Add a named key (published or not), or drop one."""
    o = read({"add": ("text", None), "alg": ("text", "RS256"),
              "bits": ("integer", 2048), "publish": ("flag", True),
              "drop": ("text", None)}, given)
    if o["drop"] is not None:
        tenant.keys.drop(o["drop"])
    if o["add"] is not None:
        tenant.keys.add(o["add"], o["alg"], o["bits"], o["publish"])
    return {"keys": tenant.keys.names()}


def keys(front, tenant, given):
    """What only the tenant and its APIs know, for tests that check."""
    read({}, given)
    pem = tenant.keys.decryption_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption())
    return {"keys": tenant.keys.names(), "jwks": documents.key_set(tenant),
            "decryption_key": pem.decode(),
            "signing_secret": tenant.signing_secret}


def certificate(front, tenant, given):
    """Switch the server certificate; open connections are closed, since
    they were made with the old one."""
    o = read(CERTIFICATE, given)
    front.use(tenant.certificates.context(**o))
    front.drop_connections()
    return {"certificate": o["kind"]}


def date(front, tenant, given):
    o = read({"offset": ("number", 0.0)}, given)
    tenant.date_offset = o["offset"]
    return {"offset": tenant.date_offset}


def clock(front, tenant, given):
    """Set the offset of the clock, or advance it; in seconds."""
    o = read({"offset": ("number", None), "advance": ("number", 0.0)}, given)
    if o["offset"] is not None:
        tenant.clock_offset = o["offset"]
    tenant.clock_offset += o["advance"]
    return {"offset": tenant.clock_offset, "now": tenant.now()}


def limit(front, tenant, given):
    tenant.limit.set(read(limits.SCHEMA, given))
    return {"limit": read(limits.SCHEMA, given)}


def settings(front, tenant, given):
    read(SETTINGS, given)
    current = dict(tenant.settings)
    current.update(given)
    tenant.settings = read(SETTINGS, current)
    return tenant.settings


def user(front, tenant, given):
    """Add or change a user: name, sub, and claims (None removes one)."""
    o = read({"name": ("text", None), "sub": ("text", None),
              "claims": ("table", {}), "remove": ("flag", False)}, given)
    needed(o, "name")
    name = o["name"]
    if o["remove"]:
        tenant.users = {n: u for n, u in tenant.users.items() if n != name}
        return {"users": tenant.users}
    old = tenant.users.get(name)
    new = dict(old) if old else people.user(name, "auth0|" + name)
    if o["sub"] is not None:
        new["sub"] = o["sub"]
    tenant.users = dict(tenant.users, **{name: override(new, o["claims"])})
    return {"users": tenant.users}


def client(front, tenant, given):
    o = read({"name": ("text", None), "client_id": ("text", None),
              "secret": ("text", None),
              "grants": ("words", ["device_code", "refresh_token"])}, given)
    needed(o, "name", "client_id")
    new = {n: v for n, v in o.items() if n != "name" and v is not None}
    tenant.clients = dict(tenant.clients, **{o["name"]: new})
    return {"clients": tenant.clients}


def api(front, tenant, given):
    o = read(API, given)
    needed(o, "identifier")
    identifier = o.pop("identifier")
    tenant.apis = dict(tenant.apis, **{identifier: people.api(**o)})
    return {"apis": tenant.apis}


def activate(front, tenant, given):
    """Approve or deny a user code, as a person would at /activate."""
    o = read({"user_code": ("text", None), "user": ("text", "alice"),
              "deny": ("flag", False)}, given)
    needed(o, "user_code")
    if not o["deny"] and o["user"] not in tenant.users:
        raise BadOption("there is no user %r" % o["user"])
    if not grants.decide(tenant, o["user_code"],
                         None if o["deny"] else o["user"]):
        raise BadOption("there is no user code %r" % o["user_code"])
    return {"user": o["user"], "denied": o["deny"]}


def count(front, tenant, given):
    o = read({"path": ("text", None)}, given)
    if o["path"] is not None:
        path = faults.full_path(o["path"])
        return {"count": tenant.journal.count(path if path != "*" else None)}
    return {"count": tenant.journal.count()}


def log(front, tenant, given):
    read({}, given)
    return {"log": tenant.journal.log()}


def devices(front, tenant, given):
    """The secrets of runs of the device flow, by user code."""
    read({}, given)
    with tenant.lock:
        return {"devices": {d.user_code: d.device_code
                            for d in tenant.devices.values()}}


def forget(front, tenant, given):
    """Counters and log begin anew."""
    read({}, given)
    tenant.journal.clear()
    return {}


def reset(front, tenant, given):
    """As it was at the start; the current and the next key stay."""
    read({}, given)
    clear(front, tenant, {})
    certificate(front, tenant, {})
    tenant.keys.reset()
    tenant.forget()
    return {}


COMMANDS = {f.__name__: f for f in (
    activate, api, certificate, clear, client, clock, connection, count,
    date, devices, fault, forget, key, keys, limit, log, mint, reset, rotate,
    settings, user)}
PREFIX = "/_control/"


def serve(front, tenant, request):
    """The answer to one command.  log and count may be asked with GET, and
    a path in the query."""
    name = request.path[len(PREFIX):]
    if not request.path.startswith(PREFIX) or name not in COMMANDS:
        return Response.json(404, {"error": "no command %r; there are: %s" % (
            name, ", ".join(sorted(COMMANDS)))})
    try:
        given = (dict(request.query) if request.method == "GET"
                 else json.loads(request.body or b"{}"))
        return Response.json(200, COMMANDS[name](front, tenant, given))
    except (BadOption, ValueError) as error:
        return Response.json(400, {"error": str(error)})
