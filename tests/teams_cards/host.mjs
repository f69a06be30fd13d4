// How Teams dresses a card, in its light and its dark theme, as far as it is known: sizes, colours, what fits beside what. Ours, for the
// renderings; the real client decides for itself.

const themes = {
  light: {
    page: '#f5f5f5', card: '#ffffff', text: '#242424', subtle: '#616161', accent: '#5b5fc7', good: '#0e700e', warning: '#8a5a00',
    attention: '#b10e1c', line: '#d1d1d1', input: '#ffffff',
    emphasis: '#f0f0f0', accentBack: '#e8ebfa', goodBack: '#e7f2da', warningBack: '#fbf6d9', attentionBack: '#fdf3f4',
  },
  dark: {
    page: '#1f1f1f', card: '#292929', text: '#ffffff', subtle: '#adadad', accent: '#9ea2ff', good: '#92c353', warning: '#f8d22a',
    attention: '#f1838b', line: '#525252', input: '#141414',
    emphasis: '#333333', accentBack: '#2f2f4a', goodBack: '#0d2e0d', warningBack: '#463100', attentionBack: '#3f1011',
  },
};

export const theme = (name) => themes[name];

/** The library's configuration of a theme. */
export function host(name) {
  const t = themes[name];
  const colour = (strong, subtle = strong) => ({ default: strong, subtle });
  const foreground = {
    default: colour(t.text, t.subtle), accent: colour(t.accent), good: colour(t.good), warning: colour(t.warning),
    attention: colour(t.attention), light: colour(t.subtle), dark: colour(t.text),
  };
  const style = (backgroundColor) => ({ backgroundColor, foregroundColors: foreground });
  return {
    fontFamily: '"Segoe UI", "DejaVu Sans", system-ui, sans-serif',
    supportsInteractivity: true,
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    separator: { lineThickness: 1, lineColor: t.line },
    fontTypes: {
      default: { fontFamily: '"Segoe UI", "DejaVu Sans", system-ui, sans-serif', fontSizes: { small: 12, default: 14, medium: 16, large: 18, extraLarge: 24 }, fontWeights: { lighter: 300, default: 400, bolder: 600 } },
      monospace: { fontFamily: 'Consolas, "DejaVu Sans Mono", monospace', fontSizes: { small: 12, default: 14, medium: 16, large: 18, extraLarge: 24 }, fontWeights: { lighter: 300, default: 400, bolder: 600 } },
    },
    containerStyles: {
      default: style(t.card), emphasis: style(t.emphasis), accent: style(t.accentBack), good: style(t.goodBack),
      warning: style(t.warningBack), attention: style(t.attentionBack),
    },
    inputs: { label: { inputSpacing: 'small', requiredInputs: { weight: 'bolder', suffix: ' *', suffixColor: 'attention' }, optionalInputs: { weight: 'bolder' } }, errorMessage: { weight: 'default', spacing: 'small' } },
    actions: {
      maxActions: 6, spacing: 'default', buttonSpacing: 8, showCard: { actionMode: 'inline', inlineTopMargin: 12, style: 'emphasis' },
      actionsOrientation: 'horizontal', actionAlignment: 'left',
    },
    adaptiveCard: { allowCustomStyle: false },
    textBlock: { headingLevel: 2 },
  };
}

/** The page's own looks: what the library leaves to its host. */
export function css(name) {
  const t = themes[name];
  return `
    body { margin: 0; padding: 16px; background: ${t.page}; color: ${t.text}; font: 14px "Segoe UI", "DejaVu Sans", system-ui, sans-serif; }
    main { background: ${t.card}; border: 1px solid ${t.line}; border-radius: 4px; overflow: visible; }
    .ac-textRun, .ac-textBlock { overflow-wrap: anywhere; }
    .ac-pushButton { font: 600 14px "Segoe UI", "DejaVu Sans", system-ui, sans-serif; color: ${t.text}; background: ${t.card}; border: 1px solid ${t.line}; border-radius: 4px; padding: 5px 12px; min-height: 32px; }
    .ac-pushButton.style-positive { background: #5b5fc7; border-color: #5b5fc7; color: #ffffff; }
    .ac-pushButton.style-destructive { background: #c4314b; border-color: #c4314b; color: #ffffff; }
    .ac-actionSet { flex-wrap: wrap; row-gap: 8px; }
    .ac-input { font: 14px "Segoe UI", "DejaVu Sans", system-ui, sans-serif; color: ${t.text}; background: ${t.input}; border: 1px solid ${t.subtle}; border-radius: 4px; padding: 6px 8px; width: 100%; box-sizing: border-box; }
    .ac-input.ac-multiline { min-height: 72px; }
    .ac-textInput::placeholder { color: ${t.subtle}; opacity: 1; }
  `;
}
