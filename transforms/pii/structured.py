"""Find forms that are personal by themselves: IP and MAC addresses, accounts, coins, places."""

import ipaddress
import re

from transforms.pii import checks
from transforms.pii.spans import Span

_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_MORE_VERSIONS = (
    r"(?:\d{1,3}(?:\.\d{1,3}){3}(?:, ?(?:and |or )?| (?:and|or|to|vs\.?|->?|\u2192) )){0,2}"
)
# A word or a field name after which a version follows.
_VERSION = re.compile(
    r"(?:\bv|versions?|version ?(?:number|code|name|is|no\.?)|\bver\.?|\bversão|\bversión"
    r"|\breleases?|\bfirmware|\bbuild(?: ?(?:no\.?|number))?|\brev(?:ision)?\.?|\bfw|\bdll|\btag"
    r"|\bchangelog(?: for| of)?|\bdrivers?|\bbios|\bkernel|\bsoftware|\bsdk|\bassembly|\bpackage"
    r"|\bplugin|\bhotfix"
    r"|(?:version|firmware|build|release|ver)[_\-]?\w{0,12}[\"'`]? ?(?:[:=>]|\() ?[\"'`]?)"
    rf"(?: (?:is|to|from))?[ #(\-/]{{0,2}}v?{_MORE_VERSIONS}\Z",
    re.IGNORECASE,
)
_VERSION_REACH = 64  # characters
# Programs, and words of people who install them: a small number after them is a version.
_PROGRAM = re.compile(
    r"\b(?:nginx|apache|httpd|tomcat|jetty|iis|haproxy|envoy|varnish|traefik|openssl|openssh|openvpn|wireguard|curl|wget"
    r"|chrom(?:e|ium)|firefox|edge|safari|opera|brave|vivaldi|java|jdk|jre|python|node(?:\.?js)?|npm|php|perl|ruby|rails"
    r"|golang|rust|dotnet|\.net|gcc|clang|cmake|glibc|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|kafka|spark|hadoop"
    r"|hive|cassandra|elasticsearch|kibana|grafana|prometheus|jenkins|gitlab|docker|kubernetes|k8s|helm|terraform"
    r"|ansible|wordpress|drupal|magento|android|ios|ipados|macos|windows|linux|ubuntu|debian|fedora|centos|openwrt"
    r"|routeros|fortios|pan-os|junos|office|excel|outlook|exchange|sharepoint|acrobat|photoshop|flash|itunes|steam"
    r"|unity|unreal|blender|gimp|vlc|obs|zoom|teams|skype|slack|discord|telegram|whatsapp|signal|virtualbox|vmware"
    r"|citrix|oracle|weblogic|websphere|sap|nvidia|geforce|intel|realtek|log4j|spring|struts|zap|burp|wireshark|nmap"
    r"|bump\w{0,3}(?: [\w./@\-]{1,30})?|fixed in"
    r"|updated?|upgraded?|upgrading|downgraded?|patch(?:ed)?|installed|app)(?: (?:to"
    r"|from))?[ /_\-]v?"
    rf"{_MORE_VERSIONS}\Z",
    re.IGNORECASE,
)
_RELEASED = re.compile(
    r" (?:(?:is|was|has been|got|gets) (?:now )?(?:out|released|available)|released|fix(?:es|ed)"
    r"|adds|introduces|ships"
    r"|brings|(?:and|or) (?:later|newer|above|higher|earlier|older)|beta|alpha|rc|lts|changelog"
    r"|release)\b",
    re.IGNORECASE,
)
# These have no address of their own, so 10.x.x.x after them is a version too.
_INSTALLED = re.compile(
    r"chrom|firefox|edge|safari|opera|brave|vivaldi|java|jdk|jre|android|ios|ipados|macos|windows|office|excel|outlook"
    r"|acrobat|photoshop|flash|itunes|steam|zoom|teams|skype|slack|discord|telegram|whatsapp|nvidia|geforce|intel|realtek"
    r"|bump|fixed|update|upgrad|downgrad|patch|app\b",
    re.IGNORECASE,
)
# Words before the number of a part of a text, which may begin with 10.
_PART = re.compile(
    r"(?:\b(?:sections?|sect?\.|chapters?|clauses?|paragraphs?|para\.|appendix|figures?|fig\.)"
    r"|\u00a7) ?\Z",
    re.IGNORECASE,
)
# The text that package managers and their lists have before a version.
_INSTALLER = re.compile(
    r"\b(?:pip3?|pipx|npm|npx|pnpm|yarn|bun|cargo|gem|brew|nuget|choco|winget|conda|composer|apt(?:-get)?|dnf|yum|apk)\b"
    r"[^\n]{0,40}[=@:<>~^]=?v?\Z",
    re.IGNORECASE,
)
_REQUIRED = re.compile(
    r"(?<![\w.])(?!\w{0,30}(?:ip|addr|host|src|dst))[\w.\-]{0,40} ?(?:[=<>~!]=|[\^~]) ?v?\Z",
    re.IGNORECASE,
)
_OPERATORS = frozenset("=@:<>~^!")  # asked first, since the expression reads far back
# The text after a version: its stage, or a file extension.
_STAGE = re.compile(
    r"[\-+.](?:alpha|beta|rc|snapshot|dev|pre|preview|nightly|release|final|stable|lts|hotfix|patch|build|ga)(?![a-z])"
    r"|\+\w|[\-.](?:tar|zip|jar|war|exe|msi|dll|apk|deb|rpm|whl|gem|tgz|gz|dmg|pkg|iso|img|bin|so)(?!\w)",
    re.IGNORECASE,
)
_MASK = 255  # no machine's address begins with it
_SMALL = 100
_MOST_ASKED = 300
_PRIVATE = 10  # first part of private addresses
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?:(?:\.?\d{1,3}){4})?(?:%\w{1,15})?(?![\w:])")
_MAC = re.compile(
    r"(?<![\w:\-])(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}"
    r"|[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2})(?![\w:\-])"
)
# Signs that may separate the groups of a person's number.
_SIGNS = r" \-._/\u00b7"
# Signs that may separate the groups of an account: its check digits prove it, whatever the signs.
_ACCOUNT_SIGNS = frozenset(" -.\t_/\u00b7~|*,:;#>\"'\u2019\u2192\u3001+=\\")
_ACCOUNT_GAP = rf"[{re.escape(''.join(sorted(_ACCOUNT_SIGNS)))}]{{0,3}}"
_IBAN = re.compile(
    rf"(?:(?<![A-Za-z0-9])|(?i:(?<=iban)))[A-Za-z]{{2}}[{_SIGNS}]?\d{{2}}(?={_ACCOUNT_GAP}[A-Za-z0-9])"
)
_COUNTRIES = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29
ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20
LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29
RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
_IBAN_LENGTHS = {part[:2]: int(part[2:]) for part in _COUNTRIES.split()}
# In every account. It begins with a digit, because an expression finds digits faster than letters.
_IBANISH = re.compile(
    r"[0-9](?:(?<=(?<![A-Za-z0-9])[A-Za-z]{2}.)|(?<=[nN][A-Za-z]{2}.)"
    rf"|(?<=(?<![A-Za-z0-9])[A-Za-z]{{2}}[{_SIGNS}].)|(?<=[nN][A-Za-z]{{2}}[{_SIGNS}].))[0-9]"
)
_NINO = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]"
    rf"(?:[{_SIGNS}]?\d\d){{3}}[{_SIGNS}]?[A-D](?![A-Za-z0-9])",
    re.IGNORECASE,
)
_DNI = re.compile(
    rf"(?<![A-Za-z0-9])(?:\d{{8}}|[XYZxyz][{_SIGNS}]?\d{{7}})[{_SIGNS}]?[A-Za-z](?![A-Za-z0-9])"
)
_FISCAL = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{6}\d\d[A-EHLMPRST](?:[04][1-9]|[1256]\d|[37][01])"
    r"[A-Z]\d{3}[A-Z](?![A-Za-z0-9])",
    re.IGNORECASE,
)
_BASE58 = re.compile(r"(?<![A-Za-z0-9])[13LMDTA9][a-km-zA-HJ-NP-Z1-9]{25,34}(?![A-Za-z0-9])")
_BECH32 = re.compile(
    r"(?<![A-Za-z0-9])(?:bc|tb|ltc)1[ac-hj-np-z02-9]{11,71}(?![A-Za-z0-9])", re.IGNORECASE
)
_ETHER = re.compile(r"(?<![A-Za-z0-9])0x[0-9a-fA-F]{40}(?![A-Za-z0-9])")
# Slower expressions run only on texts with one of these. Most texts have a full stop, but few have
# one before a digit.
_DECIMAL = re.compile(r"\.[0-9]")  # in every IPv4 address and pair of coordinates
_MACISH = re.compile(r"[:\-][0-9A-Fa-f]{2}[:\-]|\.[0-9A-Fa-f]{4}\.")
_THREE_PAIRS = re.compile(rf"[0-9]{{2}}[{_SIGNS}]?[0-9]{{2}}[{_SIGNS}]?[0-9]{{2}}")  # in every NINO
_SEVEN = re.compile(r"[0-9]{7}")  # in every DNI and NIE
_UNGROUPED = re.compile(r"[^\W_]{14}")  # in every account without groups
_LEAST_DIGITS = 4
_USUAL = frozenset(" -.\t_/\u00b7")
_LEAST_ACCOUNT = 8  # digits: of words after "is 12" or "at 20" one in 97 passes the check
_MOST_GAP = 3  # signs between the groups of an account
_DEGREES = re.compile(
    r"(?<![\w.])[+\-]?\d{1,2}\.\d{3,15} ?°? ?[NSns]?(?: ?[,;/] ?| )"
    r"[+\-]?\d{1,3}\.\d{3,15}(?: ?°? ?[EWew](?!\w)|(?![\w.]))"
)
_LABELLED = re.compile(
    r"(?<!\w)lat(?:itude)?\.?[ :=]{0,3}[+\-]?\d{1,2}\.\d{3,15}[ ,;/]{1,3}(?:and )?"
    r"lo?ng?(?:itude)?\.?[ :=]{0,3}[+\-]?\d{1,3}\.\d{3,15}(?![\w.])",
    re.IGNORECASE,
)
_MINUTE = r"(?:\d{1,2}(?:\.\d{1,8})? ?['\u2032\u2019] ?)?"
_SECOND = r"(?:\d{1,2}(?:\.\d{1,8})? ?(?:\"|''|\u2033|\u2032\u2032|\u201d) ?)?"
_SIXTIETHS = f" ?° ?{_MINUTE}{_SECOND}"
_MINUTES = re.compile(
    rf"(?<![\w.])\d{{1,3}}{_SIXTIETHS}[NS][,; ]{{0,3}}\d{{1,3}}{_SIXTIETHS}[EWO](?!\w)"
)
_PLUS_CODE = re.compile(r"(?<!\w)[23456789CFGHJMPQRVWX]{6,8}\+[23456789CFGHJMPQRVWX]{2,3}(?!\w)")
_WORDS3 = re.compile(r"(?<![\w/:])///[a-z]{3,24}\.[a-z]{3,24}\.[a-z]{3,24}(?!\w)")
_MAX_LATITUDE = 90


def find_structured(text: str, *, digits: bool) -> list[Span]:
    """Find strict forms; `digits` says whether the text has digits, which most forms need."""
    spans: list[Span] = []
    if "///" in text:
        spans += [Span(*m.span(), "GEO") for m in _WORDS3.finditer(text)]
    if text.count(":") > 1:
        spans += [Span(*m.span(), "IP") for m in _IPV6.finditer(text) if _is_ipv6(m.group())]
    if not digits:
        return spans
    if _MACISH.search(text):
        spans += [Span(*m.span(), "MAC") for m in _MAC.finditer(text)]
    if _DECIMAL.search(text):
        spans += _machines(text)
        spans += [Span(*m.span(), "GEO") for m in _DEGREES.finditer(text) if _is_place(m.group())]
        spans += [Span(*m.span(), "GEO") for m in _LABELLED.finditer(text)]
    if "°" in text:
        spans += [Span(*m.span(), "GEO") for m in _MINUTES.finditer(text)]
    if "+" in text:
        spans += [Span(*m.span(), "GEO") for m in _PLUS_CODE.finditer(text)]
    return spans + _accounts(text) if sum(map(text.count, "0123456789")) >= _LEAST_DIGITS else spans


def _machines(text: str) -> list[Span]:
    """Find IP addresses.

    Beyond `_MOST_ASKED`, which no post has, no version is sorted out, so that time stays linear.
    """
    matches = list(_IPV4.finditer(text))
    return [
        Span(*m.span(), "IP")
        for at, m in enumerate(matches)
        if at >= _MOST_ASKED or _is_ipv4(text, m)
    ]


def _accounts(text: str) -> list[Span]:
    spans: list[Span] = []
    if _IBANISH.search(text):
        spans += [span for m in _IBAN.finditer(text) if (span := _iban(text, m))]
    if _THREE_PAIRS.search(text):
        spans += [Span(*m.span(), "NINO") for m in _NINO.finditer(text)]
    if _SEVEN.search(text):
        spans += [
            Span(*m.span(), "NATIONAL_ID")
            for m in _DNI.finditer(text)
            if checks.dni(_bare(m.group()))
        ]
    if not _UNGROUPED.search(text):
        return spans
    spans += [Span(*m.span(), "NATIONAL_ID") for m in _FISCAL.finditer(text)]
    spans += [Span(*m.span(), "CRYPTO") for m in _BASE58.finditer(text) if checks.base58(m.group())]
    spans += [
        Span(*m.span(), "CRYPTO")
        for m in _BECH32.finditer(text)
        if checks.bech32(m.group().lower())
    ]
    return spans + [Span(*m.span(), "CRYPTO") for m in _ETHER.finditer(text)]


def _bare(value: str) -> str:
    return "".join(char for char in value if char.isalnum()).upper()


def _iban(text: str, match: re.Match[str]) -> Span | None:
    """Return the account number that starts here; its country determines the length."""
    start = match.start()
    at = match.start()
    length = _IBAN_LENGTHS.get(text[at : at + 2].upper(), 0)
    chars: list[str] = []
    gaps = [""]
    while at < len(text) and len(chars) < length and len(gaps[-1]) <= _MOST_GAP:
        char = text[at]
        if char.isascii() and char.isalnum():
            chars.append(char.upper())
            gaps += [""] if gaps[-1] else []
        elif char in _ACCOUNT_SIGNS:
            gaps[-1] += char
        else:
            return None
        at += 1
    if (
        not length
        or len(chars) < length
        or text[at : at + 1].isalnum()
        or not _groups_an_account(gaps[:-1])
    ):
        return None
    if sum(map(str.isdigit, chars)) < _LEAST_ACCOUNT or not checks.iban("".join(chars)):
        return None
    return Span(start, at, "IBAN")


def _groups_an_account(gaps: list[str]) -> bool:
    """Return whether one usual sign separates each two groups, or the same one everywhere."""
    return len(set(gaps)) <= 1 or all(gap in _USUAL for gap in gaps)


def _is_ipv4(text: str, match: re.Match[str]) -> bool:
    parts = match.group().split(".")
    if any(int(part) > 255 or (len(part) > 1 and part[0] == "0") for part in parts):  # noqa: PLR2004  # a byte
        return False
    if parts[0] == str(_MASK) or parts[1:] == ["0", "0", "0"]:
        return False  # a mask, or a network of millions; programs have such versions too
    return not _is_version(text, match, [int(part) for part in parts])


def _is_version(text: str, match: re.Match[str], parts: list[int]) -> bool:
    """Return whether the words around four numbers say that they are a version."""
    before = text[max(0, match.start() - _VERSION_REACH) : match.start()]
    if (
        _VERSION.search(before)
        or is_installed(text, match.start())
        or _STAGE.match(text, match.end())
    ):
        return True
    if max(parts) >= _SMALL:
        return False
    if _PART.search(before):
        return True
    program = _PROGRAM.search(before)
    if parts[0] == _PRIVATE:
        return program is not None and _INSTALLED.match(program.group()) is not None
    if program or _RELEASED.match(text, match.end()):
        return True
    return before.rstrip("vV ")[-1:] in _OPERATORS and _REQUIRED.search(before) is not None


def is_installed(text: str, at: int) -> bool:
    """Return whether a package's version begins here, after a command that installs it."""
    before = text[max(0, at - _VERSION_REACH) : at]
    return before.rstrip("vV")[-1:] in _OPERATORS and _INSTALLER.search(before) is not None


def _is_ipv6(value: str) -> bool:
    if value.count(":") < 2 or not any(c.isdigit() for c in value):  # noqa: PLR2004  # the shortest form has two
        return False
    try:
        return ipaddress.IPv6Address(value.partition("%")[0]) > ipaddress.IPv6Address("::ffff")
    except ValueError:
        return False


def _is_place(value: str) -> bool:
    return abs(float(re.match(r"[+\-]?[\d.]+", value)[0])) <= _MAX_LATITUDE  # type: ignore[index]  # starts with it
