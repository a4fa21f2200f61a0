const TEXT_FIELDS =
  'input:not([type="checkbox"], [type="radio"], [type="button"], [type="submit"], [type="reset"]), textarea, select'
const DIALOGS = 'dialog[open], [role="dialog"][aria-modal="true"]'
const OFF = 'agentops_keys'

/** Whether keys that are pressed there are text. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest(TEXT_FIELDS) !== null)
}

export function isDialogOpen(): boolean {
  return document.querySelector(DIALOGS) !== null
}

/** Focuses the first search of the page that is seen, else opens its filter. */
export function focusSearch(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement>('main :is(input[type="search"], [role="search"] input)')
  const field = [...fields].find((one) => one.checkVisibility() && !one.disabled)
  if (field === undefined) return openFirst('main [role="search"] details:not([data-range])')
  field.focus()
  field.select()
  return true
}

/** Opens the page's choice of a time range; Escape gives the focus back to what opened it. */
export function openRange(): boolean {
  return openFirst('main details[data-range]')
}

function openFirst(details: string): boolean {
  const box = document.querySelector<HTMLDetailsElement>(details)
  if (box === null) return false
  box.open = true
  box.querySelector<HTMLElement>('input:not([type="hidden"]), select')?.focus()
  return true
}

export function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.platform)
}

/** Whether keys without a modifier do anything: who speaks to the machine, or types by accident, can switch them off. */
export function areKeysOn(): boolean {
  try {
    return localStorage.getItem(OFF) !== 'off'
  } catch {
    return true
  }
}

export function switchKeys(on: boolean): void {
  try {
    if (on) localStorage.removeItem(OFF)
    else localStorage.setItem(OFF, 'off')
  } catch {
    // A browser that stores nothing keeps the shortcuts.
  }
}
