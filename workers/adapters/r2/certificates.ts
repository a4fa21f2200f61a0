import { ErasureCertificate } from '../../contract/erasure.ts'
import { canonicalJson } from '../../domain/audit/canonical-json.ts'
import type { Signer } from '../audit-crypto.ts'

const nameOf = (orgId: string, id: string) => `certificates/${orgId}/${id}.json`

/** A certificate with its signature over canonical JSON; unsigned where there is no key. */
export async function signed<C extends object>(
  certificate: C,
  signer: Signer | null,
): Promise<C & { public_key: string | null; signature: string | null }> {
  const body = { ...certificate, public_key: signer?.publicKey ?? null }
  return { ...body, signature: signer === null ? null : await signer.sign(canonicalJson(body)) }
}

/** Certificates of what was removed, in a cell's bucket. */
export function certificates(bucket: R2Bucket) {
  return {
    /** The same again replaces it. */
    async put(id: string, certificate: { org_id: string }): Promise<void> {
      await bucket.put(nameOf(certificate.org_id, id), JSON.stringify(certificate), {
        httpMetadata: { contentType: 'application/json' },
      })
    },
    async read(orgId: string, id: string): Promise<unknown> {
      const object = await bucket.get(nameOf(orgId, id))
      return object && object.json()
    },
    async find(orgId: string, id: string): Promise<ErasureCertificate | null> {
      const found = await this.read(orgId, id)
      return found === null ? null : ErasureCertificate.parse(found)
    },
  }
}
