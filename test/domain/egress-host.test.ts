import { describe, expect, it } from 'vitest'
import { egressHostOf } from '../../workers/domain/egress-host.ts'

describe('egressHostOf', () => {
  it.each([
    [{ 'server.address': 'API.Example.com' }, 'api.example.com'],
    [{ 'server.address': 'api.example.com:443' }, 'api.example.com'],
    [{ 'server.address': 'api.example.com.' }, 'api.example.com'],
    [{ 'server.address': '10.1.2.3' }, '10.1.2.3'],
    [{ 'server.address': '2001:DB8::1' }, '2001:db8::1'],
    [{ 'server.address': '[2001:db8::1]:8443' }, '2001:db8::1'],
    [{ 'server.address': 'localhost' }, 'localhost'],
    [{ 'server.address': 'münchen.example' }, 'münchen.example'],
    [{ 'server.address': '/var/run/db.sock', 'url.full': 'https://b.example/' }, 'b.example'],
    [{ 'server.address': 7, 'http.url': 'http://c.example' }, 'c.example'],
    [{ 'server.address': 'a.example', 'url.full': 'https://b.example' }, 'a.example'],
    [{ 'url.full': 'https://Search.Example.COM:8443/v1?q=a@b#c' }, 'search.example.com'],
    [{ 'url.full': 'https://user:pa@ss@api.example.com/x' }, 'api.example.com'],
    [{ 'url.full': 'https://api.example.com?next=https://evil.example' }, 'api.example.com'],
    [{ 'url.full': 'https://api.example.com\\@evil.example/' }, 'api.example.com'],
    [{ 'url.full': 'http://[2001:db8::1]/x' }, '2001:db8::1'],
    [{ 'url.full': 'http://u:p@[fe80::1%25eth0]:80/x' }, 'fe80::1'],
    [{ 'http.url': 'wss://stream.example/socket' }, 'stream.example'],
    [{ 'url.full': '/only/a/path', 'http.url': 'https://d.example' }, 'd.example'],
    [{ 'url.full': 'mailto:a@example.com' }, undefined],
    [{ 'url.full': 'https://' }, undefined],
    [{ 'url.full': 'http://[nonsense]/' }, undefined],
    [{ 'url.full': 'file:///etc/passwd' }, undefined],
    [{ 'server.address': 'two words' }, undefined],
    [{ 'server.address': 'a'.repeat(201) }, undefined],
    [{ 'server.address': '' }, undefined],
    [{}, undefined],
  ])('%o → %s', (attributes, host) => {
    expect(egressHostOf(attributes)).toBe(host)
  })
})
