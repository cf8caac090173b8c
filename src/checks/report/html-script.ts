/** What the page of a report does beyond being read: it filters. Without it everything is there, unfiltered. */

/** Runs in any browser of today, without any library; the page's policy names it by its hash. */
export const script = `
'use strict';
(() => {
  const tools = document.querySelector('.tools');
  const search = tools.querySelector('input[type=search]');
  const boxes = [...tools.querySelectorAll('input[type=checkbox]')];
  const output = tools.querySelector('output');
  const things = [...document.querySelectorAll('[data-v]')].map((element) => ({ element, words: undefined }));
  const rows = things.filter(({ element }) => element.tagName === 'TR').length;
  const groups = ['tbody[data-g]', 'section[data-g]'].map((selector) => [...document.querySelectorAll(selector)]);
  const filter = () => {
    const wanted = boxes.filter((box) => box.checked).map((box) => box.value);
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const thing of things) {
      const { element } = thing;
      thing.words ??= element.textContent.toLowerCase();
      const verdict = wanted.some((letter) => element.dataset.v.includes(letter));
      element.hidden = !(verdict && words.every((word) => thing.words.includes(word)));
      if (!element.hidden && element.tagName === 'TR') shown += 1;
    }
    for (const list of groups) for (const group of list) group.hidden = !group.querySelector('[data-v]:not([hidden])');
    output.textContent = shown === rows ? rows + ' rows' : shown + ' of ' + rows + ' rows';
  };
  search.addEventListener('input', filter);
  for (const box of boxes) box.addEventListener('change', filter);
  tools.hidden = false;
  filter();
})();
`;
