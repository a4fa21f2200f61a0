import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { signatureHeaders } from '../../../workers/adapters/notify/sign.ts'

const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`
const other = `whsec_${Buffer.from('fedcba9876543210fedcba9876543210').toString('base64')}`
const body = '{"type":"test","text":"Grüße"}'
const now = Math.floor(Date.now() / 1000)

describe('the signature of a webhook', () => {
  it('is that of Standard Webhooks, as their own library checks it', () => {
    expect(new Webhook(secret).verify(body, signatureHeaders('dlv_1', now, body, [secret]))).toEqual(JSON.parse(body))
  })

  it('holds under both secrets while one takes over from the other', () => {
    const headers = signatureHeaders('dlv_1', now, body, [secret, other])
    for (const one of [secret, other]) expect(new Webhook(one).verify(body, headers)).toEqual(JSON.parse(body))
  })

  it.each([
    ['another body', body.replace('test', 'tesT'), signatureHeaders('dlv_1', now, body, [secret])],
    ['another id', body, { ...signatureHeaders('dlv_1', now, body, [secret]), 'webhook-id': 'dlv_2' }],
    ['another secret', body, signatureHeaders('dlv_1', now, body, [other])],
    ['an old time', body, signatureHeaders('dlv_1', now - 3600, body, [secret])],
  ])('does not hold for %s', (_, text, headers) => {
    expect(() => new Webhook(secret).verify(text, headers)).toThrow()
  })
})
