/** Everything an org's ledger holds: the truth that TenantBudget is compared with. An adjustment is no entry of its own. */
export async function ledgerTotal(db: D1Database, orgId: string): Promise<{ cost_nanousd: string; entries: number }> {
  const row = await db
    .prepare(
      `SELECT CAST(coalesce(sum(cost_nanousd), 0) AS TEXT) AS cost_nanousd, coalesce(sum(adjusts = ''), 0) AS entries FROM ledger WHERE org_id = ?1`,
    )
    .bind(orgId)
    .first<{ cost_nanousd: string; entries: number }>()
  return row ?? { cost_nanousd: '0', entries: 0 }
}
