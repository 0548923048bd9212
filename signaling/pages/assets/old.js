/* Only browsers without ES modules run this file; it is written for them. */
(function () {
  var box = document.getElementById("static");
  if (!box) { return; }
  box.setAttribute("data-testid", "refusal");
  box.setAttribute("data-code", "browser_too_old");
  var sentences = box.getElementsByTagName("p");
  for (var i = 0; i < sentences.length; i += 1) {
    if (sentences[i].className.indexOf("static__old") !== -1) { sentences[i].className = "static__old is-sure"; }
  }
}());
