/** Writes an object anew, unless somebody has changed or removed it meanwhile. */
export async function replace(
  bucket: R2Bucket,
  object: R2Object,
  content: Uint8Array | ArrayBuffer | string,
): Promise<void> {
  const { key, httpMetadata, customMetadata, etag } = object
  await bucket.put(key, content, { httpMetadata, customMetadata, onlyIf: { etagMatches: etag } })
}
