export { launchBrowser } from '../../scripts/runtime/browser.ts'
