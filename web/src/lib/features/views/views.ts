import { finance } from './finance/view.ts'
import { governance } from './governance/view.ts'
import { operations } from './operations/view.ts'
import type { ViewSpec } from './panel.ts'
import { product } from './product/view.ts'

/** The built-in views that are made of panels; the overview is a page of its own. */
export const VIEWS: readonly ViewSpec[] = [operations, product, finance, governance]
