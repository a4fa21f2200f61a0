import { ErasureCertificate } from '../../contract/erasure.ts'
import { canonicalJson } from '../../domain/audit/canonical-json.ts'
import type { Signer } from '../audit-crypto.ts'

type Unsigned = Omit<ErasureCertificate, 'public_key' | 'signature'>

const nameOf = (orgId: string, id: string) => `certificates/${orgId}/${id}.json`

/** Certificates of what was erased, in a cell's bucket. */
export function certificates(bucket: R2Bucket) {
  return {
    /** Signs, where there is a key, and keeps; the same again replaces it. */
    async keep(certificate: Unsigned, signer: Signer | null): Promise<void> {
      const body = { ...certificate, public_key: signer?.publicKey ?? null }
      const signature = signer === null ? null : await signer.sign(canonicalJson(body))
      const whole: ErasureCertificate = { ...body, signature }
      await bucket.put(nameOf(certificate.org_id, certificate.erasure_id), JSON.stringify(whole), {
        httpMetadata: { contentType: 'application/json' },
      })
    },
    async find(orgId: string, id: string): Promise<ErasureCertificate | null> {
      const object = await bucket.get(nameOf(orgId, id))
      return object && ErasureCertificate.parse(await object.json())
    },
  }
}
