// Sets the remembered colour theme before the first paint (a classic script, loaded in <head>).
// Called by index.html; the toggle itself lives in chrome.js. Must not touch anything but <html>.
(() => {
  try {
    const theme = localStorage.getItem('jit-theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's preference then decides.
  }
})();
