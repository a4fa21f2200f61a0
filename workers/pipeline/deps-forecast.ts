import { mstlModel } from '../adapters/forecast/mstl.ts'
import { mstlWasm } from '../adapters/forecast/wasm.ts'
import type { ForecastTools } from './objects/budget/forecasts.ts'

export const forecastTools: ForecastTools = {
  seasonal: mstlModel(() => mstlWasm),
  pause: () => scheduler.wait(0),
}
