import worker, {
  LiveFeed as RealLiveFeed,
  OrgAlerts as RealOrgAlerts,
  TenantBudget as RealTenantBudget,
} from './index.js'
import { countDelivered, countRows, countedEnv, snapshot } from './count.mjs'

export * from './index.js'

export class LiveFeed extends RealLiveFeed {
  constructor(ctx, env) {
    countRows(ctx.storage.sql)
    super(ctx, env)
  }
}

export class TenantBudget extends RealTenantBudget {
  constructor(ctx, env) {
    countRows(ctx.storage.sql)
    super(ctx, env)
  }
}

/** What it asks of D1 is counted too: it asks by itself. */
export class OrgAlerts extends RealOrgAlerts {
  constructor(ctx, env) {
    countRows(ctx.storage.sql)
    super(ctx, countedEnv(env))
  }
}

export default {
  fetch: () => Response.json(snapshot()),
  async queue(batch, env, ctx) {
    countDelivered(batch)
    return worker.queue(batch, countedEnv(env), ctx)
  },
  async scheduled(controller, env, ctx) {
    return worker.scheduled(controller, countedEnv(env), ctx)
  },
}
