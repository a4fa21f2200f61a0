import { initSync, MSTL } from '@bsull/augurs/mstl'
import type { SeasonalModel } from '../../domain/budget/forecast/fit.ts'
import { Z80 } from '../../domain/budget/forecast/normal.ts'

const WEEK = 7
const LEVEL = 0.8

/**
 * Daily sums by MSTL (Bandara, Hyndman and Bergmeir, 2021) with weeks as its season and an ETS model, chosen by AICc,
 * for the rest: `@bsull/augurs`, compiled from Rust. The module is instantiated with the first series.
 */
export function mstlModel(wasm: () => WebAssembly.Module | BufferSource): SeasonalModel {
  let isReady = false
  return (days, horizon) => {
    const mean = days.reduce((sum, cost) => sum + cost, 0) / days.length
    if (!(mean > 0)) return null
    if (!isReady) initSync({ module: wasm() })
    isReady = true
    const model = MSTL.ets([WEEK])
    try {
      // Near 1, where the optimizer's tolerances are meant to be.
      model.fit(Float64Array.from(days, (cost) => cost / mean))
      const { point, intervals } = model.predict(horizon, LEVEL)
      if (intervals === undefined || !point.every(Number.isFinite) || !intervals.upper.every(Number.isFinite))
        return null
      return {
        mean: point.map((value) => value * mean),
        sd: point.map((value, i) => (Math.max(0, (intervals.upper[i] ?? value) - value) / Z80) * mean),
      }
    } catch {
      // A series that it cannot fit, e.g. one without any noise: the simpler method answers.
      return null
    } finally {
      model.free()
    }
  }
}
