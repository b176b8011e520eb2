'use strict';

const $ = (id) => document.getElementById(id);
const maxClasses = 10; // per image
let token = '';
let waiting = []; // cards of images that wait for the token

// addCard adds a card for an image and classifies the image.
function addCard(file) {
  const card = $('card').content.cloneNode(true).firstElementChild;
  const img = card.querySelector('img');
  img.src = URL.createObjectURL(file);
  img.onload = img.onerror = () => URL.revokeObjectURL(img.src);
  card.querySelector('figcaption').textContent = file.name;
  card.querySelector('h2').textContent = '…';
  $('results').prepend(card);
  return classify(card, file);
}

async function classify(card, file) {
  const sent = token;
  try {
    const headers = { 'Content-Type': 'application/octet-stream' };
    if (sent) headers.Authorization = 'Bearer ' + sent;
    const response = await fetch('classify', { method: 'POST', body: file, headers });
    // The user may have entered the token during the request.
    if (response.status === 401) return sent === token ? waitForToken(card, file) : classify(card, file);
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    showResult(card, answer, file.name);
  } catch (error) {
    card.classList.add('failed');
    card.querySelector('h2').textContent = error.message;
    $('status').textContent = file.name + ': ' + error.message;
  }
}

function waitForToken(card, file) {
  waiting.push([card, file]);
  $('access').hidden = false;
  $('token').focus();
}

const percent = (p) => (100 * p).toFixed(1) + ' %';

function showResult(card, answer, name) {
  const best = answer.class + ', ' + percent(answer.probability);
  card.querySelector('h2').textContent = best;
  card.querySelector('img').alt = best;
  card.querySelector('ol').replaceChildren(...answer.top.slice(0, maxClasses).map(line));
  $('status').textContent = name + ': ' + best;
}

function line({ class: label, probability }) {
  const li = document.createElement('li');
  const name = document.createElement('span');
  const value = document.createElement('span');
  const bar = document.createElement('div');
  const fill = document.createElement('i');
  name.textContent = label;
  value.textContent = percent(probability);
  bar.className = 'bar';
  bar.ariaHidden = 'true';
  fill.style.width = 100 * probability + '%';
  bar.append(fill);
  li.append(name, value, bar);
  return li;
}

// showAll classifies the files one by one and shows the last one on top.
async function showAll(files) {
  for (const file of files) await addCard(file);
}

$('file').onchange = () => { showAll([...$('file').files]); $('file').value = ''; };
addEventListener('paste', (e) => showAll([...e.clipboardData.files]));
addEventListener('dragover', (e) => { e.preventDefault(); $('drop').classList.add('over'); });
addEventListener('dragleave', () => $('drop').classList.remove('over'));
addEventListener('drop', (e) => {
  e.preventDefault();
  $('drop').classList.remove('over');
  showAll([...e.dataTransfer.files]);
});
$('access').onsubmit = (e) => {
  e.preventDefault();
  token = $('token').value;
  $('access').hidden = true;
  for (const [card, file] of waiting.splice(0)) classify(card, file);
};
