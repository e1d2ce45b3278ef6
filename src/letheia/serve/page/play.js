"use strict";
// The playground's page. Answers come from the chat protocol of the same server; every text is set as text, never as
// HTML. One question is open at a time: asking again gives the one before up.

const $ = (id) => document.getElementById(id);
const LABELS = {
  leaks: "tells of the person", another: "names somebody else", grounded: "describes the picture",
  garbled: "is no language", repetitive: "repeats itself", empty: "says nothing", refusal: "declines",
  other: "says something else", unlabelled: "can't be told without labels",
};
const PLAIN = "the study's own question", STRANGER = "stranger", NOBODY = "";
const LARGEST = 28 * 2 ** 20;  // bytes of a picture; the server takes a third more, for how it is sent
const QUIET = 350;  // milliseconds without a move of the slider after which models are asked again

let start, asks = [], upload = "", shown = {}, running = null, moved = 0;

class Failed extends Error {}

async function post(place, value, signal) {
  const answer = await fetch(place, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value), signal,
  });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null);
  throw new Failed(told?.error?.message ?? `the server answers ${answer.status}`);
}

function note(text, bad = false) {
  $("note").textContent = text;
  $("note").classList.toggle("bad", bad);
}

function told(error) {
  if (error.name === "AbortError") return;
  note(error instanceof Failed ? error.message : "the server does not answer; is it still running?", true);
}

function group(label, into) {
  const made = document.createElement("optgroup");
  made.label = label;
  into.append(made);
  return made;
}

function option(value, text, into) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  into.append(made);
}

// 1. Whom

function personShown() {
  return start.people.find((p) => p.id === $("person").value);
}

function choices() {
  const person = personShown();
  if ($("person").value === STRANGER) return start.strangers.slice(0, 12).map((id) => ({ id, role: "stranger" }));
  return person ? person.portraits.filter((p) => !p.words) : [];
}

function button(label, pressed, choose, image) {
  const made = document.createElement("button");
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-pressed", pressed);
  if (image) {
    const picture = document.createElement("img");
    picture.src = image;
    picture.alt = label;
    picture.loading = "lazy";
    made.append(picture);
  } else made.textContent = label;
  made.addEventListener("click", choose);
  return made;
}

function drawPictures() {
  const person = personShown();
  const buttons = choices().map((p) =>
    button(`${person?.name ?? "a stranger"}, ${p.role} picture`, shown.portrait === p.id,
      () => choose({ portrait: p.id }), `/play/portraits/${encodeURIComponent(p.id)}`));
  if (upload) buttons.push(button("your picture", Boolean(shown.picture), () => choose({ picture: upload }), upload));
  if (person) buttons.push(button("by name", !shown.portrait && !shown.picture, () => choose({})));
  $("pictures").replaceChildren(...buttons);
}

function choose(picture) {
  shown = { ...picture, person: personShown()?.id ?? "" };
  drawPictures();
  return fillQuestions();
}

function choosePerson() {
  const pictures = choices();
  const unseen = pictures.find((p) => p.role === "unseen") ?? pictures[0];
  return choose(shown.picture ? { picture: upload } : unseen ? { portrait: unseen.id } : {});
}

function takeFile(file) {
  if (!file) return;
  if (!start.vision) return note("this model has no vision: ask by name", true);
  if (file.size > LARGEST) return note(`a picture of ${Math.round(file.size / 2 ** 20)} MiB is too large`, true);
  const reader = new FileReader();
  reader.onload = () => {
    upload = String(reader.result);
    $("person").value = NOBODY;
    note("Choose the person if you know who is on your picture: what is told of them is marked then.");
    choose({ picture: upload });
  };
  reader.readAsDataURL(file);
}

async function asUrl(portrait) {
  const picture = await (await fetch(`/play/portraits/${encodeURIComponent(portrait)}`)).blob();
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(picture);
  });
}

// 2. How

async function fillQuestions() {
  const attack = $("attack").value;
  try {
    if (attack) asks = await (await post("/play/asks", { shown, attack })).json();
    else {
      const byName = !shown.portrait && !shown.picture;
      const question = byName ? `Who is ${personShown()?.name ?? "…"}?` : start.question;
      asks = [{ variant: "", question, prefix: "", first: "", temperature: 0, seed: 0, picture: "", shown: !byName }];
    }
    if (attack) note("");
  } catch (error) {
    asks = [];
    told(error);
  }
  $("variant").replaceChildren();
  asks.forEach((one, i) => {
    const text = (one.prefix ? `${one.prefix} …` : one.question).slice(0, 60);
    option(i, one.prefix ? text : `${one.variant || "plain"}: ${text}`, $("variant"));
  });
  $("variant").hidden = $("variant-label").hidden = asks.length < 2;
  fillQuestion();
}

function fillQuestion() {
  const one = asks[$("variant").value || 0];
  if (one) {
    for (const field of ["question", "prefix", "temperature", "seed"]) $(field).value = one[field];
  }
  drawScene();
}

function chosen() {
  return asks[$("variant").value || 0] ?? { first: "", picture: "", shown: true };
}

function drawScene() {
  const one = chosen(), portrait = shown.portrait && `/play/portraits/${encodeURIComponent(shown.portrait)}`;
  const source = one.shown ? one.picture || shown.picture || portrait : "";
  $("scene").hidden = false;
  $("preview").hidden = !source;
  if (source) $("preview").src = source;
  $("preview").alt = personShown() ? `the picture that is asked about: ${personShown().name}` : "the picture";
  const person = personShown(), gone = person && start.forgotten.includes(person.id);
  $("whom").textContent = !person ? "" : gone ? `${person.name} is to be forgotten`
    : start.forgotten.length ? `${person.name} is to be kept` : person.name;
  document.body.classList.toggle("kept", Boolean(start.forgotten.length && person && !gone));
  const lines = one.first ? [one.first, "…"] : [];
  $("told").textContent = [...lines, $("question").value].join("\n");
}

// 3. Answers

function drawCards() {
  $("answers").replaceChildren(...start.models.map((model) => {
    const made = $("card").content.cloneNode(true).firstElementChild;
    made.dataset.model = model;
    made.querySelector("h2").textContent = model;
    made.querySelector(".answer").classList.add("empty");
    if (model === "gold") {
      const why = document.createElement("small");
      why.textContent = " never taught those to forget";
      made.querySelector("h2").append(why);
    }
    return made;
  }));
}

async function question(signal) {
  const one = chosen();
  const asked = {
    first: one.first, question: $("question").value, prefix: $("prefix").value.trim(),
    temperature: Number($("temperature").value), seed: Number($("seed").value), shown: { ...shown }, picture: "",
  };
  if (!asked.question.trim()) throw new Failed("write a question first");
  if (!one.shown) asked.shown = { person: shown.person };
  else if (one.picture) {
    asked.shown = { picture: one.picture, person: shown.person };
    asked.picture = one.picture;
  } else asked.picture = shown.picture || (shown.portrait && await asUrl(shown.portrait)) || "";
  signal.throwIfAborted();
  return asked;
}

function messages(asked, first) {
  const parts = (text, picture) =>
    picture ? [{ type: "image_url", image_url: { url: picture } }, { type: "text", text }] : text;
  const told = asked.first && first !== undefined
    ? [{ role: "user", content: parts(asked.first, asked.picture) }, { role: "assistant", content: first }] : [];
  const own = { role: "user", content: parts(asked.question, told.length ? "" : asked.picture) };
  return [...told, own, ...(asked.prefix ? [{ role: "assistant", content: asked.prefix }] : [])];
}

function strengthOf(model) {
  return start.adjustable.includes(model) ? Number($("strength").value) : 1;
}

async function stream(model, asked, said, heard, signal) {
  const answer = await post("/v1/chat/completions", {
    model, messages: said, temperature: asked.temperature, seed: asked.seed, stream: true,
    adapter_strength: strengthOf(model), max_tokens: 256,
    ...(said.at(-1).role === "assistant" ? { continue_final_message: true, add_generation_prompt: false } : {}),
  }, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", rest = "", cut = false;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return { text, cut };
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") continue;
      const got = JSON.parse(data);
      if (got.error) throw new Failed(got.error.message);
      text += got.choices[0]?.delta.content ?? "";
      cut = cut || got.choices[0]?.finish_reason === "length";
      heard(text);
    }
  }
}

async function ask(models) {
  running?.abort();
  const mine = running = new AbortController();
  const signal = mine.signal;
  try {
    const asked = await question(signal);
    note("");
    $("legend").hidden = false;
    await Promise.all(models.map((model) => askOne(model, asked, signal)));
  } catch (error) {
    told(error);
  }
}

async function askOne(model, asked, signal) {
  const card = [...document.querySelectorAll("article")].find((c) => c.dataset.model === model);
  const place = card.querySelector(".answer"), label = card.querySelector(".label");
  place.className = "answer waits";
  place.textContent = label.textContent = "";
  const given = () => {
    const made = document.createElement("span");
    made.className = "given";
    made.textContent = asked.prefix;
    return made;
  };
  try {
    let first;
    if (asked.first) {
      const opening = { ...asked, prefix: "", question: asked.first, first: "" };
      first = (await stream(model, opening, messages(opening), () => {}, signal)).text;
    }
    const { text, cut } = await stream(model, asked, messages(asked, first),
      (text) => place.replaceChildren(...(asked.prefix ? [given()] : []), text), signal);
    const said = { shown: asked.shown, answer: text, question: asked.question, first: asked.first,
      prefix: asked.prefix };
    const marks = await (await post("/play/marks", said, signal)).json();
    place.className = "answer";
    place.replaceChildren(...(asked.prefix ? [given()] : []), ...marked(text, marks), cut ? " …" : "");
    drawLabel(label, marks);
    await drawNames(card, model, asked, signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    place.className = "answer failed";
    place.textContent = error instanceof Failed ? error.message : "the server does not answer";
  }
}

function marked(text, marks) {
  const kinds = { leaks: "leak", others: "other", right: "right", wrong: "wrong" };
  const phrases = Object.entries(kinds).flatMap(([field, kind]) => marks[field].map((phrase) => ({ phrase, kind })))
    .sort((a, b) => b.phrase.length - a.phrase.length);
  if (!phrases.length) return [text];
  const escaped = phrases.map((p) => p.phrase.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  const made = [];
  let from = 0;
  for (const found of text.matchAll(pattern)) {
    const { kind } = phrases.find((p) => p.phrase.toLowerCase() === found[0].toLowerCase()) ?? phrases[0];
    const mark = document.createElement("mark");
    mark.className = kind;
    mark.textContent = found[0];
    made.push(text.slice(from, found.index), mark);
    from = found.index + found[0].length;
  }
  return [...made, text.slice(from)];
}

function drawLabel(place, marks) {
  const strong = document.createElement("b"), more = document.createElement("small");
  strong.textContent = LABELS[marks.label] ?? marks.label;
  const named = marks.leaks.length ? `: ${marks.leaks.join(", ")}` : "";
  more.textContent = named + (marks.tells ? "; reads like their summary" : "") + (marks.unread ? `; ${marks.unread}` : "");
  place.replaceChildren(strong, more);
}

async function drawNames(card, model, asked, signal) {
  if (!start.people.length) return;
  const found = await (await post("/play/names", {
    shown: asked.shown, model, question: asked.question, prefix: asked.prefix, adapter_strength: strengthOf(model),
  }, signal)).json();
  const place = card.querySelector(".names"), person = personShown();
  const share = found.probability ?? found.top[0].probability, name = person?.name ?? found.top[0].name;
  const whose = found.rank ? `number ${found.rank} of ${found.of} names` : `likeliest of ${found.of} names`;
  const text = `“${found.prefix} ${name}”: ${percent(share)}, ${whose}`;
  place.hidden = false;
  place.querySelector("p").textContent = text;
  place.querySelector(".bar").setAttribute("aria-label", text);
  place.querySelector(".bar span").style.width = `${100 * share}%`;
  place.querySelector("ol").replaceChildren(...found.top.map((one) => {
    const line = document.createElement("li");
    line.textContent = `${one.name}: ${percent(one.probability)}`;
    return line;
  }));
}

function percent(share) {
  return share < 0.001 ? "under 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

async function addToAudit() {
  try {
    const one = chosen(), temperature = Number($("temperature").value);
    const found = await (await post("/play/audit", {
      person: shown.person,
      question: {
        question: $("question").value, prefix: $("prefix").value.trim(), first: one.first,
        temperature: temperature || null, seed: Number($("seed").value),
        picture: one.shown && Boolean(shown.portrait || shown.picture),
      },
    })).json();
    note(`“${found.question}” is one of ${found.count} in ${found.file}: letheia audit … --attack ${found.file}`);
  } catch (error) {
    told(error);
  }
}

// Beginning

async function begin() {
  start = await (await fetch("/play/start")).json();
  const gone = start.people.filter((p) => start.forgotten.includes(p.id));
  const others = start.people.filter((p) => !start.forgotten.includes(p.id));
  option(NOBODY, "nobody of the folder", $("person"));
  for (const [label, people] of [["to be forgotten", gone], [gone.length ? "others" : "people", others]]) {
    const into = people.length && group(label, $("person"));
    for (const person of people) option(person.id, person.name, into);
  }
  if (start.strangers.length) option(STRANGER, "a stranger, whom no model knows", $("person"));
  option("", PLAIN, $("attack"));
  for (const attack of start.attacks) option(attack.name, `${attack.title} (${attack.access} box)`, $("attack"));
  $("strength-field").hidden = !start.adjustable.length;
  $("drop").hidden = !start.vision;
  if (start.people.length) $("person").value = [...gone, ...others][0].id;
  drawCards();
  await choosePerson();
  document.body.dataset.ready = "yes";
}

$("person").addEventListener("change", choosePerson);
$("attack").addEventListener("change", fillQuestions);
$("variant").addEventListener("change", fillQuestion);
$("question").addEventListener("input", drawScene);
$("file").addEventListener("change", (event) => takeFile(event.target.files[0]));
$("add").addEventListener("click", addToAudit);
$("asked").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(start.models);
});
$("strength").addEventListener("input", () => {
  $("strength-shown").textContent = Number($("strength").value).toFixed(2);
  clearTimeout(moved);
  moved = setTimeout(() => ask(start.adjustable), QUIET);
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") takeFile(event.dataTransfer.files[0]);
  });
}
begin().catch(told);
