// The views of the page. On a phone one of three is shown; on a wider screen the form stays beside library or song; on
// a wide one all are in sight, and this changes nothing.

const tabs = document.getElementById("tabs");
const scrolled = {};

const alone = matchMedia("(max-width: 799px)");

export const currentTab = () => document.body.dataset.tab;

export function showTab(name) {
  const before = currentTab();
  if (before !== name) scrolled[before] = scrollY;
  document.body.dataset.tab = name;
  for (const button of tabs.querySelectorAll("button")) {
    if (button.dataset.tab === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  if (before !== name && alone.matches) scrollTo(0, scrolled[name] || 0);
}

export function wireTabs() {
  // The address says which song is open: a jump to the form is not to close it, and the form may be in another tab.
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    showTab("create");
    document.getElementById("make-form").focus();
  });
  tabs.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.dataset.tab === currentTab()) scrollTo(0, 0);
    else showTab(button.dataset.tab);
  });
  document.addEventListener("songwright:tab", ({ detail }) => showTab(detail));
}
