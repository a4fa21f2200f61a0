/** First parts of the names in a cell's bucket, like `archive/`; the organization follows in each. */
export async function kindsOf(bucket: R2Bucket): Promise<string[]> {
  const kinds: string[] = []
  let cursor: string | undefined
  do {
    const page = await bucket.list({ delimiter: '/', cursor })
    kinds.push(...page.delimitedPrefixes)
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
  return kinds.sort()
}
