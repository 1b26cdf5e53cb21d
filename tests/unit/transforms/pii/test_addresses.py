"""The name before an @ is removed whatever spoils its domain; a version's numbers are kept."""

import pytest

from transforms.pii.detect import find, redact

SPOILT = [
    "kim.roe@example,org",
    "kim.roe@example . org",
    "kim.roe@example. org",
    "kim.roe @ example , org",
    "kim.roe%40example.org",
    "kim.roe%2540example.org",
    "kim.roe&#64;example.org",
    "kim.roe&#064;example&#46;org",
    "kim.roe&commat;example.org",
    "kim.roe&#x40;example.org",
    "kim.roe&amp;#64;example.org",
    "kim.roe\uff20example.org",
    "kim.roe@example\uff61org",
    "kim.roe@example\u3002org",
    "kim.roe AT example DOT org",
    "kim.roe at example dot org",
    "kim.roe [AT] example [DOT] org",
    "kim.roe (at) example (dot) org",
    "kim.roe at example [dot] org",
    "kim.roe AT example.org",
    "kim.roe AT example org",
    "roeATexampleDOTorg",
    "roe-at-example-dot-org",
    "kim.roe@\u0909\u0926\u093e\u0939\u0930\u0923.\u092d\u093e\u0930\u0924",
    "kim.roe@\u0645\u062b\u0627\u0644.\u0625\u062e\u062a\u0628\u0627\u0631",
    "kim.roe@\u4f8b\u3048.\u30c6\u30b9\u30c8",
    "kim.roe@\u05d3\u05d5\u05d2\u05de\u05d4.\u05e7\u05d5\u05dd",
    "\u0905\u0928\u093f\u0924\u093e@\u0909\u0926\u093e.\u092d\u093e\u0930\u0924",
    "\u7528\u62377@example.org",
    "\u7528\u6237@example.org",
    "kim.roe@example",
    "kim.roe@intranet_host",
    "kim7 @example.org",
    "kim7\u00a0@example.org",
    "kim7\u2009@example.org",
    "kim.roe @example,org",
    "kim7!@example.org",
    "kim7&nbsp;@example.org",
    "kim7&#8203;@example.org",
    "kim @gmail.com",
    "kim7 @gmail",
    "kim_roe\n@example.org",
    "kim7 *at* example *dot* org",
    "kim7 -at- example.org",
    "kim7|at|example.org",
    "kim7 arroba example punto org",
    "kim7 [\u00e4t] example.org",
    "kim7 at-sign example.org",
    "kim7 \u0441\u043e\u0431\u0430\u043a\u0430 example.org",
    "kim7 \u0441\u043e\u0431\u0430\u043a\u0430 a \u0442\u043e\u0447\u043a\u0430 \u0440\u0444",
    "kim7\\u0040example.org",
    "kim7\\x40example.org",
    "&#107;&#x69;&#109;&#64;&#101;xample&#46;org",
    '"kim roe"@example.org',
    "kim.roe@@example.org",
    "kim.roe@example,co,uk",
    "kim.roe(a)example.org",
    "kim.roe (a) example . com",
    "kim.roe [a] example [dot] com",
    "kim.roe \u24d0 example.org",
    "kim.roe=40example.org",
    "kim.roe @ @ example.org",
    "kim.roe@@kimroe",
    "kim.roe\\@example.org",
    "kim\\_roe@example\\.org",
    "kim.roe<b>@</b>example.org",
    "kim.roe@xn--fsq.xn--zckzah",
    "kim.roe&lt;at&gt;example.org",
    "kim.roe\u3010at\u3011example.org",
    "kim.roe &amp;amp;#64; example.org",
    "kim.roe%25252540example.org",
    "kim.roe%u0040example.org",
    "kim.roe%EF%BC%A0example.org",
    "kim.roe AT example . com",
    "kim.roe AT example, com",
    "kimroe at gmail com",
    'kim.roe "at" example "dot" com',
    "kim.roe 'at' example.org",
    "kim.roe #at# example.org",
    "kim.roe =at= example.org",
    "kim.roe --at-- example.org",
    "kim.roe **at** example **dot** org",
]
AS_BEFORE = {
    "lunch @ noon": "lunch @ noon",
    "lunch @ @ noon": "lunch @ @ noon",
    "either (a) example.org or (b) example.net": "either (a) <URL> or (b) <URL>",
    "thanks @ @kim_roe": "thanks @ <HANDLE>",
    "as f(a) b.c does, x=40px.y": "as f(a) b.c does, x=40px.y",
    "\u0e2a\u0e14\u0e35@kim_roe \u0e21\u0e32": "\u0e2a\u0e14\u0e35<HANDLE> \u0e21\u0e32",
    "C:\\dir\\_file @kim_roe": "C:\\dir\\_file <HANDLE>",
    "3 @ 5 each": "3 @ 5 each",
    "RT@kim_roe: hi": "RT<HANDLE>: hi",
    "- @kim_roe -@kim_roe": "- <HANDLE> -<HANDLE>",
    "Thanks.@kim_roe": "Thanks.<HANDLE>",
    "\u4f60\u597d@kim_roe \u6765": "\u4f60\u597d<HANDLE> \u6765",
    "look at the example": "look at the example",
    "100%40 off, 5%40": "100%40 off, 5%40",
    "COME AT TEN": "COME AT TEN",
    "\u201ckim7\u201d@example.org": "\u201c<EMAIL>",
    "thanks @kim.example.org": "thanks <HANDLE>",
    "see you 5pm @kim.example.org": "see you 5pm <HANDLE>",
    "kim7 @kim.bsky.social": "kim7 <HANDLE>",
    "@kim7 @roe.example.org": "<HANDLE> <HANDLE>",
    "mail kim @example.org": "mail <EMAIL>",
    "mail kim7 at example.org": "mail <EMAIL>",
    "mail to kim.roe at example.org": "mail to <EMAIL>",
    "e-mail us at example.org": "e-mail us at <URL>",
    "we look at example.org": "we look at <URL>",
    "look *at* that.thing": "look *at* that.thing",
    "&#39;a&#39; &amp; b&nbsp;c &#1114112;": "&#39;a&#39; &amp; b&nbsp;c &#1114112;",
    "call &#48;&#56;&#50; 555&#160;0143": "call <PHONE>",
    "react@18.2.0 @4.50": "react@18.2.0 @4.50",
    "root@203.0.113.25": "<EMAIL>",
}
VERSIONS = [
    "firmware 10.7.31.9 has a fault",
    "Apache 2.4.6.1 is out",
    '{"appVersion": "10.7.31.9"}',
    "fw_ver=10.7.31.9",
    "upgraded from 1.2.3.4 to 1.2.3.5",
    "versions 10.1.2.3, 10.1.2.4 and 10.1.2.5",
    "Chrome/91.0.44.12 here",
    "build 10.7.31.9",
    "driver v31.0.15.37",
    "Foobar 3.2.1.7 is released",
    "release 10.7.31.9",
    "patched to 4.3.2.1",
    "Windows 10.0.19.41",
    "upgraded to 10.7.31.9",
    "1.2.3.4-beta",
    "2.0.0.1-rc1",
    "1.2.3.4+build5",
    "lib-1.2.3.4.tar.gz",
    "foo-10.7.31.9.jar",
    "foo==1.2.3.4",
    "foo>=1.2.3.4",
    "^1.2.3.4",
    "pip install foo==10.7.31.9",
    "npm i foo@10.7.31.9",
    "section 10.2.3.4 says",
    "\u00a7 1.2.3.4",
    "<version>10.7.31.9</version>",
    'assemblyVersion("1.2.3.4")',
    "build no. 10.7.31.9",
    "tag 10.7.31.9",
    "fw 10.7.31.9",
    "changelog for 10.7.31.9",
    "mask 255.255.255.0",
    "bump foo from 10.7.31.9 to 10.7.31.10",
    "bumped to 1.2.3.4",
    "fixed in 10.7.31.9",
    "Chrome/120.0.0.0 here",
]
MACHINES = [
    "my ip is {}",
    "nginx at {} answers",
    "Update: {} works",
    "the server {} is down",
    "firmware of {} is old",
    "ping {}",
    "client_ip={}",
    "log in to {} and see",
    "version 2 runs on {}",
    "ip.src=={}",
    "if host == {}:",
    "{}-{}",
    "{}/24",
    "{}:8080",
    "pip install fails on {}",
    "section 4: {}",
]


def clean(text: str) -> str:
    return redact(text, find(text))


@pytest.mark.parametrize("value", SPOILT, ids=ascii)
def test_what_stands_directly_before_an_at_goes_with_it(value):
    assert clean(f"mail to {value} now") == "mail to <EMAIL> now"


@pytest.mark.parametrize(("text", "expected"), AS_BEFORE.items(), ids=ascii)
def test_other_ats_are_what_they_were(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize("text", VERSIONS)
def test_versions_stay(text):
    assert clean(text) == text


@pytest.mark.parametrize("value", ["203.0.113.25", "198.51.100.7", "10.7.31.9"])
@pytest.mark.parametrize("sentence", MACHINES)
def test_addresses_of_machines_go(sentence, value):
    assert clean(sentence.replace("{}", value)) == sentence.replace("{}", "<IP>")


def test_an_address_of_a_machine_behind_a_program_goes():
    assert clean("nginx 10.0.0.5 answers") == "nginx <IP> answers"
    assert clean("nginx 203.0.113.25 answers") == "nginx <IP> answers"
    assert (
        clean("bumped from 203.0.113.25, fixed in 203.0.113.25")
        == "bumped from <IP>, fixed in <IP>"
    )
