# SPDX-License-Identifier: BSD-2-Clause
"""Programs that log in with a token, as people use them.  Each takes a Door,
a mechanism, a user and a token, and says whether it was let in and what it
printed."""

import imaplib
import os
import poplib
import re
import smtplib
import ssl

import pexpect

from rig import PATIENCE
from wire import Closed

BOTH = ("OAUTHBEARER", "XOAUTH2")
CLIENTS = []            # in the order of the tables


class Client:
    """is_recorded: only its bytes are here.  names_user: does it tell the
    server whom it wants to be?  needs: what a door has to have."""

    def __init__(self, name, login, protocols, mechanisms=BOTH,
                 is_recorded=False, names_user=True, needs="port"):
        self.name, self.login = name, login
        self.protocols, self.mechanisms = protocols, mechanisms
        self.is_recorded, self.names_user = is_recorded, names_user
        self.needs = needs


def client(name, *protocols, **options):
    """Enters a function into the list."""
    def enter(login):
        CLIENTS.append(Client(name, login, protocols, **options))
        return login
    return enter


def clients_of(door):
    """(client, mechanism), as many as fit."""
    return [(c, m) for c in CLIENTS
            if door.protocol in c.protocols and hasattr(door, c.needs)
            for m in c.mechanisms if m in door.mechanisms]


def work(door):
    """A directory for the files of a client: its home."""
    return door.rig.path("client", mode=0o700)


def secret(door, name, text):
    return door.rig.write(os.path.join("client", name), text, 0o600)


def environment(door, plugins):
    """With plug-ins of ours, the program's password is the token."""
    env = {"HOME": work(door), "LC_ALL": "C"}
    if plugins:
        env.update({"SASL_PATH": plugins, "AUDIENT_TOKEN_FILE": "-"})
    return env


def run(door, *command, text="", plugins=None):
    return door.rig.run(*command, text=text, env=environment(door, plugins))


# --- SMTP ---------------------------------------------------------------------

LETTER = "From: alice@example.com\r\nSubject: test\r\n\r\nHello.\r\n"


def curl(door, mechanism, user, token, *arguments):
    config = secret(door, "curl", 'oauth2-bearer = "%s"\n' % token)
    status, out = run(
        door, "curl", "-sS", "--config", config, "--user", user + ":",
        "--login-options", "AUTH=" + mechanism, "--ssl-reqd", "--cacert",
        door.trust, *arguments, text=LETTER)
    return status == 0, out


@client("curl", "smtp")
def curl_smtp(door, mechanism, user, token):
    return curl(door, mechanism, user, token, "--sasl-ir", "--url",
                "smtp://127.0.0.1:%d" % door.port, "--mail-from",
                "alice@example.com", "--mail-rcpt", "bob@example.com",
                "--upload-file", "-")


def message(mechanism, user, token, door=None):
    """What most clients send; with a Door, host and port as well."""
    if mechanism == "XOAUTH2":
        return "user=%s\1auth=Bearer %s\1\1" % (user, token)
    place = "host=127.0.0.1\1port=%d\1" % door.port if door else ""
    return "n,a=%s,\1%sauth=Bearer %s\1\1" % (user, place, token)


@client("Python smtplib", "smtp")
def python_smtp(door, mechanism, user, token):
    first = message(mechanism, user, token)
    try:
        with smtplib.SMTP("127.0.0.1", door.port, timeout=PATIENCE) as s:
            s.starttls(context=ssl.create_default_context(cafile=door.trust))
            s.ehlo()
            s.auth(mechanism, lambda c=None: "\1" if c else first)
            s.noop()
    except smtplib.SMTPException as error:
        return False, "%s: %s" % (type(error).__name__, error)
    return True, ""


@client("msmtp", "smtp")
def msmtp(door, mechanism, user, token):
    secret(door, "token", token)
    config = secret(door, "msmtprc", "\n".join([
        "account default", "host 127.0.0.1", "port %d" % door.port, "tls on",
        "tls_trust_file " + door.trust, "auth " + mechanism.lower(),
        "user " + user, "from alice@example.com",
        "passwordeval cat %s/token" % work(door), ""]))
    status, out = run(door, "msmtp", "-C", config, "bob@example.com",
                      text=LETTER)
    return status == 0, out


@client("Postfix smtp(8)", "smtp", needs="relay")
def postfix_smtp(door, mechanism, user, token):
    return door.relay(mechanism, user, token)


# --- IMAP, and what goes with it ------------------------------------------------

@client("curl", "imap")
def curl_imap(door, mechanism, user, token):
    return curl(door, mechanism, user, token, "--sasl-ir", "--url",
                "imap://127.0.0.1:%d/" % door.port, "--request", "NOOP")


@client("curl", "pop")
def curl_pop(door, mechanism, user, token):
    return curl(door, mechanism, user, token, "--sasl-ir", "--url",
                "pop3://127.0.0.1:%d/" % door.port, "--request", "NOOP",
                "--head")


@client("fetchmail", "pop", mechanisms=("PLAIN",))
def fetchmail(door, mechanism, user, token):
    """It knows passwords only: the token is one."""
    rc = secret(door, "fetchmailrc", "\n".join([
        "poll localhost protocol POP3 port %d" % door.port,
        "  user %s password %s" % (user, token),
        "  sslproto tls1.2+ sslcertck sslcertfile " + door.trust,
        "  mda true", ""]))
    status, out = run(door, "fetchmail", "-f", rc, "--check")
    said = [line for line in out.splitlines() if "Running as root" not in line]
    return status in (0, 1), "\n".join(said[:1])     # 1: there is no mail


@client("Python poplib", "pop", mechanisms=("PLAIN",))
def python_pop(door, mechanism, user, token):
    """USER and PASS, as programs that are older than tokens do it."""
    session = poplib.POP3("127.0.0.1", door.port, PATIENCE)
    try:
        session.stls(ssl.create_default_context(cafile=door.trust))
        session.user(user)
        session.pass_(token)
        session.stat()
    except poplib.error_proto as error:
        return False, "%s" % error
    finally:
        session.close()
    return True, ""


@client("Python imaplib", "imap")
def python_imap(door, mechanism, user, token):
    first = message(mechanism, user, token).encode()
    session = imaplib.IMAP4("127.0.0.1", door.port, PATIENCE)
    try:
        session.starttls(ssl.create_default_context(cafile=door.trust))
        session.authenticate(mechanism, lambda c: b"\1" if c else first)
        session.select()
    except imaplib.IMAP4.error as error:
        return False, "%s" % error
    finally:
        session.logout()
    return True, ""


@client("mutt", "imap")
def mutt(door, mechanism, user, token):
    door.rig.path("client", "Mail")     # or it asks whether to make it
    secret(door, "token", token)
    config = secret(door, "muttrc", "\n".join([
        'set imap_user="%s"' % user, "set ssl_starttls=yes",
        'set imap_authenticators="%s"' % mechanism.lower(),
        'set imap_oauth_refresh_command="cat %s/token"' % work(door),
        'set certificate_file="%s"' % door.trust,
        'set ssl_ca_certificates_file="%s"' % door.trust, ""]))
    screen = pexpect.spawn(
        "mutt", ["-n", "-F", config, "-f",
                 "imap://127.0.0.1:%d/INBOX" % door.port],
        timeout=PATIENCE, encoding="latin-1", dimensions=(24, 100),
        env={**os.environ, "HOME": work(door), "TERM": "vt100"})
    at = screen.expect(["Msgs:", "[Ll]ogin failed|authentication failed",
                        pexpect.EOF])
    said = "" if at == 0 else screen.after if at == 1 else screen.before
    screen.close(force=True)
    return at == 0, said


def mbsync(door, mechanism, user, token, plugins):
    secret(door, "token", token)
    rc = secret(door, "mbsyncrc", "\n".join([
        "IMAPAccount a", "Host localhost", "Port %d" % door.port,
        "User " + user, 'PassCmd "cat %s/token"' % work(door),
        "Timeout 2", "SSLType STARTTLS",
        "CertificateFile " + door.trust,
        "AuthMechs " + mechanism, "", "IMAPStore far", "Account a", "",
        "MaildirStore near", "Path %s/mail/" % work(door),
        "Inbox %s/mail/INBOX" % work(door), "SubFolders Verbatim", "",
        "Channel c", "Far :far:", "Near :near:", "Patterns INBOX",
        "Create Near", "SyncState *", ""]))
    door.rig.path("client", "mail")
    with pexpect.spawn(
            "mbsync", ["-q", "-c", rc, "c"], timeout=PATIENCE, encoding="latin-1",
            env={**os.environ, **environment(door, plugins)}) as screen:
        # the plug-in of others: after a refusal it says so, and stays
        if screen.expect(["IMAP wants more steps[^\r]*", pexpect.EOF]) == 0:
            return False, screen.after + " (and it waits until it is stopped)"
        said = screen.before
    return screen.exitstatus == 0, re.sub(r"\[SASL-[^\r]*\r\n", "", said)


@client("mbsync", "imap")
def mbsync_ours(door, mechanism, user, token):
    return mbsync(door, mechanism, user, token, door.rig.plugins)


@client("mbsync with kdexoauth2", "imap", mechanisms=("XOAUTH2",))
def mbsync_kde(door, mechanism, user, token):
    return mbsync(door, mechanism, user, token, None)


def cyrus_test(door, program, mechanism, user, token):
    status, out = run(
        door, "/usr/lib/cyrus/bin/" + program, "-p", str(door.port), "-m",
        mechanism, "-a", user, "-u", user, "-w", token, "-t", "",
        "127.0.0.1", text="z LOGOUT\r\n", plugins=door.rig.plugins)
    said = [line for line in out.splitlines()
            if line.startswith(("A01 ", "NO ", "5", "Authen"))]
    return "Authenticated." in out, (said or out.splitlines() or [""])[0]


@client("imtest", "imap")
def imtest(door, mechanism, user, token):
    return cyrus_test(door, "imtest", mechanism, user, token)


@client("sivtest", "sieve")
def sivtest(door, mechanism, user, token):
    return cyrus_test(door, "sivtest", mechanism, user, token)


@client("lmtptest", "lmtp")
def lmtptest(door, mechanism, user, token):
    return cyrus_test(door, "lmtptest", mechanism, user, token)


# --- LDAP, Subversion, memcached -------------------------------------------------

def ldap(door, program, mechanism, user, token, *arguments):
    path = secret(door, "token", token)
    status, out = door.rig.run(
        program, "-Q", "-H", door.url, "-Y", mechanism, "-U", user, "-y",
        path, *arguments, env={"SASL_PATH": door.rig.plugins,
                               "LDAPCONF": "/dev/null",
                               "LDAPTLS_CACERT": door.trust})
    return status == 0, out


@client("ldapwhoami", "ldap")
def ldapwhoami(door, mechanism, user, token):
    return ldap(door, "ldapwhoami", mechanism, user, token)


@client("ldapsearch", "ldap")
def ldapsearch(door, mechanism, user, token):
    return ldap(door, "ldapsearch", mechanism, user, token, "-LLL", "-b", "",
                "-s", "base")


@client("svn", "svn")
def svn(door, mechanism, user, token):
    """svn takes whatever the server offers; that server offers one."""
    status, out = run(
        door, "svn", "info", "--non-interactive", "--no-auth-cache",
        "--username", user, "--password-from-stdin", "--config-dir",
        os.path.join(work(door), "subversion"),
        "svn+%s://127.0.0.1/" % mechanism.lower(), text=token,
        plugins=door.rig.plugins)
    return status == 0, out


@client("memcping", "memcached", mechanisms=("OAUTHBEARER",))
def memcping(door, mechanism, user, token):
    status, out = run(
        door, "memcping", "-s", "127.0.0.1:%d" % door.plain, "-u", user, "-p",
        token, plugins=door.rig.plugins)
    return status == 0, out


# --- clients that cannot run here, from their bytes ---------------------------------

def replay(door, mechanism, first, inline=True, ack=b"\1"):
    try:
        with door.connect() as talk:
            step, _ = talk.login(mechanism, first, inline, ack)
            return step.kind == "in", step.text
    except Closed as error:
        return False, str(error)


@client("Thunderbird", "imap", "smtp", "pop", mechanisms=("XOAUTH2",),
        is_recorded=True)
def thunderbird(door, mechanism, user, token):
    """Always on the line of the command; answers with an empty line."""
    return replay(door, mechanism, message(mechanism, user, token).encode(),
                  ack=b"")


@client("K-9", "imap", "smtp", "pop", is_recorded=True)
def k9(door, mechanism, user, token):
    return replay(door, mechanism, message(mechanism, user, token).encode(),
                  ack=b"")


@client("Roundcube", "smtp", "sieve", is_recorded=True)
def roundcube(door, mechanism, user, token):
    """In two steps, where the protocol allows both."""
    return replay(door, mechanism, message(mechanism, user, token).encode(),
                  inline=False, ack=b"")


@client("NeoMutt", "imap", is_recorded=True)
def neomutt(door, mechanism, user, token):
    """Its answer is a byte 1 that is not in base64."""
    first = message(mechanism, user, token, door).encode()
    with door.connect() as talk:
        step = talk.start(mechanism, first)
        if step.kind == "challenge":
            step = talk.raw(b"\1")
        return step.kind == "in", step.text


@client("librdkafka", "ldap", "memcached", mechanisms=("OAUTHBEARER",),
        is_recorded=True, names_user=False)
def librdkafka(door, mechanism, user, token):
    """Names nobody, and has extensions."""
    return replay(door, mechanism, b"n,,\1auth=Bearer " + token.encode() +
                  b"\1logicalCluster=lkc-1\1\1")


@client("libpq", "ldap", "memcached", mechanisms=("OAUTHBEARER",),
        is_recorded=True, names_user=False)
def libpq(door, mechanism, user, token):
    """First asks where tokens come from, then begins anew."""
    admitted, text = replay(door, mechanism, b"n,,\1auth=\1\1")
    if admitted:
        return True, "without a token: " + text
    return replay(door, mechanism,
                  b"n,,\1auth=Bearer " + token.encode() + b"\1\1")
