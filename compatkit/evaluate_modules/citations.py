"""Citations: the papers that define what the modules compute, as BibTeX."""

CITATIONS = {
    "yan2021": """@inproceedings{yan2021positive,
  title={Positive-Congruent Training: Towards Regression-Free Model Updates},
  author={Yan, Sijie and Xiong, Yuanjun and Kundu, Kaustav and Yang, Shuo and Deng, Siqi and
    Wang, Meng and Xia, Wei and Soatto, Stefano},
  booktitle={CVPR},
  year={2021},
  url={https://arxiv.org/abs/2011.09161}
}""",
    "srivastava2020": """@inproceedings{srivastava2020empirical,
  title={An Empirical Analysis of Backward Compatibility in Machine Learning Systems},
  author={Srivastava, Megha and Nushi, Besmira and Kamar, Ece and Shah, Shital and Horvitz, Eric},
  booktitle={KDD},
  year={2020},
  url={https://arxiv.org/abs/2008.04572}
}""",
    "echterhoff2024": """@article{echterhoff2024muscle,
  title={MUSCLE: A Model Update Strategy for Compatible LLM Evolution},
  author={Echterhoff, Jessica and Faghri, Fartash and Vemulapalli, Raviteja and Hu, Ting-Yao and
    Li, Chun-Liang and Tuzel, Oncel and Pouransari, Hadi},
  year={2024},
  url={https://arxiv.org/abs/2407.09435}
}""",
}
