import { ApiError } from '../../api.ts'
import { againOf, type SavedView, type SavedViewsApi } from '../../saved-views.ts'
import type { Toasts } from '../../ui/toasts.svelte.ts'

export const detailOf = (error: unknown) =>
  error instanceof ApiError ? error.problem.detail : 'Something broke on our side. Try again.'

/**
 * Deletes a saved view or a dashboard, and offers for a while to make it again. `after` follows the deletion, `back`
 * its undoing.
 */
export async function removeWithUndo(
  api: SavedViewsApi,
  view: SavedView,
  toasts: Toasts,
  { after, back }: { after: () => unknown; back: (made: SavedView) => unknown },
): Promise<void> {
  try {
    await api.remove(view.id)
  } catch (error) {
    toasts.show(detailOf(error))
    return
  }
  const undo = async () => {
    try {
      await back(await api.create(againOf(view)))
      toasts.show(`“${view.name}” is there again.`)
    } catch (error) {
      toasts.show(detailOf(error))
    }
  }
  toasts.show(`“${view.name}” is deleted.`, { label: 'Undo', run: () => void undo() })
  await after()
}
