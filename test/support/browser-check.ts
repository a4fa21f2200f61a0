import { launchBrowser } from './browser.ts'

/** Whether Chromium starts on this machine; for `.ci/run`. */
const browser = await launchBrowser()
console.log(`Chromium ${browser.version()}`)
await browser.close()
