/** Name and version of this library, told to the gateway for its log. A test compares it with package.json. */
export const VERSION = 'sluice-js/0.1.0';
