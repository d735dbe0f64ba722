// Starts the page.
readStudies().then(studies => {
  const main = document.querySelector('main');
  for (const study of studies) for (const map of study.maps) {
    const line = document.createElement('p');
    const key = study.fields[0].key, field = map.fields && readField(study, map.fields[key]);
    line.textContent = field ? `${map.name}: ${field.values.length} samples` : map.name;
    main.append(line);
  }
  document.documentElement.dataset.ready = '';
});
