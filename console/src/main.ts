import { mount } from 'svelte';
import App from './App.svelte';
import '../../demo-app/src/styles/fonts.css';
import '../../demo-app/src/styles/tokens.css';
import '../../demo-app/src/styles/base.css';
import 'uplot/dist/uPlot.min.css';
import './styles/console.css';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no element with the id "app"');
mount(App, { target });
